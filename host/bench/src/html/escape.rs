//! Text of somebody else's making, fit to stand in a page.

/// The longest text, in characters: names in files have up to 64 KiB.
const LONGEST: usize = 1000;

/// The text with what means something to HTML written as entities, and what does something to the text around
/// it (controls, marks that turn its direction or have no width) as escapes; cut where it is very long.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if moves(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

fn moves(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_leaves_the_text_that_it_stands_in() {
        assert_eq!(
            escape("<b a=\"x\" c='y'>&\u{1b}\u{202e}\n"),
            "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;\\u{1b}\\u{202e}\\n"
        );
        assert_eq!(escape("äöü × 数"), "äöü × 数");
        assert!(escape(&"x".repeat(5000)).chars().count() <= 1001);
    }
}
