//! HTML, put together so that no text can become markup.
//!
//! Invariant: names of elements and attributes are literals of ours; every other text is escaped
//! where it enters. There is no way to put in text as it is.

/// Markup that is well-formed and safe to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

/// One element that is being put together.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    name: &'static str,
    attributes: String,
    content: String,
}

impl Html {
    /// The markup as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A whole document.
    pub(crate) fn document(root: Element) -> Html {
        let root = Html::from(root);
        Html(format!("<!doctype html>\n{}\n", root.0))
    }
}

impl From<Element> for Html {
    fn from(element: Element) -> Html {
        let Element { name, attributes, content } = element;
        if is_void(name) {
            return Html(format!("<{name}{attributes}>"));
        }
        Html(format!("<{name}{attributes}>{content}</{name}>"))
    }
}

/// Starts an element.
pub(crate) fn element(name: &'static str) -> Element {
    Element { name, attributes: String::new(), content: String::new() }
}

impl Element {
    /// With an attribute.
    pub(crate) fn with(mut self, name: &'static str, value: impl AsRef<str>) -> Element {
        self.attributes.push(' ');
        self.attributes.push_str(name);
        self.attributes.push_str("=\"");
        escape_into(&mut self.attributes, value.as_ref());
        self.attributes.push('"');
        self
    }

    /// With an attribute, where there is a value for it.
    pub(crate) fn with_some(self, name: &'static str, value: Option<&str>) -> Element {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With an attribute that says something by being there.
    pub(crate) fn flag(mut self, name: &'static str) -> Element {
        self.attributes.push(' ');
        self.attributes.push_str(name);
        self
    }

    /// With more text in it.
    pub(crate) fn text(mut self, text: impl AsRef<str>) -> Element {
        escape_into(&mut self.content, text.as_ref());
        self
    }

    /// With more elements in it: one, none where it is an `Option`, or several.
    pub(crate) fn child(mut self, children: impl IntoIterator<Item = Element>) -> Element {
        for child in children {
            self.content.push_str(&Html::from(child).0);
        }
        self
    }
}

/// An element is a list of one, so that [`Element::child`] takes both.
impl IntoIterator for Element {
    type Item = Element;
    type IntoIter = std::iter::Once<Element>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// Elements that have no content and no end tag (HTML Living Standard §13.1.2), of those in use.
fn is_void(name: &str) -> bool {
    matches!(name, "br" | "hr" | "input" | "link" | "meta")
}

fn escape_into(target: &mut String, text: &str) {
    for next in text.chars() {
        match next {
            '&' => target.push_str("&amp;"),
            '<' => target.push_str("&lt;"),
            '>' => target.push_str("&gt;"),
            '"' => target.push_str("&quot;"),
            '\'' => target.push_str("&#39;"),
            // HTML has no way to say it, and browsers would read it as U+FFFD.
            '\0' => target.push('\u{fffd}'),
            other => target.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Html, element};

    #[test]
    fn texts_and_values_stay_texts_and_values() {
        let hostile = "\"><script>alert('x')</script>&\0";
        let html = Html::from(element("p").with("title", hostile).text(hostile));
        let safe = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;\u{fffd}";
        assert_eq!(html.as_str(), format!("<p title=\"{safe}\">{safe}</p>"));
    }

    #[test]
    fn elements_nest_and_void_ones_do_not_end() {
        let list = element("ul").child(["a", "b"].map(|word| element("li").text(word)));
        let form = element("form").child(list).child(element("input").flag("required")).child(None);
        assert_eq!(
            Html::document(form).as_str(),
            "<!doctype html>\n<form><ul><li>a</li><li>b</li></ul><input required></form>\n",
        );
    }
}
