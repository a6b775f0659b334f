"""Reports: pages and charts rendered from templates, and the words that they say."""

from sfumato.reports.chart import line_chart
from sfumato.reports.comparison import comparison_page
from sfumato.reports.demonstration import demonstration_page
from sfumato.reports.evaluation import evaluation_page
from sfumato.reports.representation import representation_page

__all__ = ["comparison_page", "demonstration_page", "evaluation_page", "line_chart", "representation_page"]
