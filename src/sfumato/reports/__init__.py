"""Reports: pages and charts rendered from templates, and the words that they say."""

from sfumato.reports.chart import line_chart
from sfumato.reports.comparison import comparison_page
from sfumato.reports.demonstration import demonstration_page
from sfumato.reports.evaluation import evaluation_page

__all__ = ["comparison_page", "demonstration_page", "evaluation_page", "line_chart"]
