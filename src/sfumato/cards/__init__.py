"""Cards: what is known of a model or a collection, in the forms that the Hub, data sets' catalogues and the EU's AI Act
have for it. All of them are made from the records alone, and what is not known stands in them as not known."""
