//! Whether a page is whole and stands alone.

/// Checks that tags nest, attributes are quoted, and nothing but entities stands for `&` and `<`; gives the
/// tags that were opened.
pub(crate) fn well_formed(page: &str) -> Result<Vec<String>, String> {
    let mut rest = page
        .strip_prefix("<!DOCTYPE html>")
        .ok_or("it does not begin with a document type")?;
    let (mut open, mut all): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(start) = rest.find('<') {
        check_text(&rest[..start])?;
        let tag = &rest[start + 1..];
        let end = end_of(tag).ok_or_else(|| format!("a tag without an end: {}", cut(tag)))?;
        let (inside, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes what is not open"));
            }
            continue;
        }
        let (inside, empty) = match inside.strip_suffix('/') {
            Some(inside) => (inside, true),
            None => (inside, false),
        };
        let (name, attributes) = inside.split_once([' ', '\n']).unwrap_or((inside, ""));
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("not a tag: <{}", cut(inside)));
        }
        check_attributes(attributes)?;
        all.push(name.to_owned());
        if !empty {
            open.push(name);
        }
        if name == "style" {
            // Its text is not looked at but for its end.
            let end = rest.find("</style>").ok_or("a style without an end")?;
            rest = &rest[end..];
        }
    }
    check_text(rest)?;
    if open.is_empty() {
        Ok(all)
    } else {
        Err(format!("left open: {open:?}"))
    }
}

/// Checks that nothing is fetched and nothing runs.
pub(crate) fn stands_alone(page: &str) -> Result<(), String> {
    let tags = well_formed(page)?;
    let fetching = [
        "script", "link", "img", "iframe", "object", "embed", "use", "image", "base", "a",
    ];
    if let Some(tag) = tags.iter().find(|tag| fetching.contains(&tag.as_str())) {
        return Err(format!("<{tag}>"));
    }
    let markup: String = page
        .split('<')
        .filter_map(|part| part.split('>').next())
        .collect();
    for reference in ["src=", "href=", " on", "http-equiv"] {
        // Of texts only escaped ones are within tags, and they are of labels.
        if markup.contains(&format!("{reference}\""))
            || (reference.ends_with('=') && markup.contains(reference))
        {
            return Err(reference.to_owned());
        }
    }
    let style = page
        .split("<style>")
        .nth(1)
        .and_then(|rest| rest.split("</style>").next());
    let style = style.ok_or("no style")?;
    match ["url(", "@import", "http"]
        .into_iter()
        .find(|reference| style.contains(reference))
    {
        Some(reference) => Err(format!("{reference} in the style")),
        None => Ok(()),
    }
}

/// The end of a tag: a `>` that is not within quotes.
fn end_of(tag: &str) -> Option<usize> {
    let mut quoted = false;
    tag.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    })
}

fn check_attributes(mut rest: &str) -> Result<(), String> {
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(());
        }
        let quoted = rest
            .split_once("=\"")
            .and_then(|(name, rest)| Some((name, rest.split_once('"')?)));
        let (name, (value, after)) = quoted.ok_or_else(|| format!("not an attribute: {}", cut(rest)))?;
        if name.is_empty()
            || !name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(format!("not an attribute: {}", cut(rest)));
        }
        check_text(value)?;
        rest = after;
    }
}

fn check_text(text: &str) -> Result<(), String> {
    let entity = |rest: &str| {
        let name = rest.split(';').next().unwrap_or_default();
        ["amp", "lt", "gt", "quot", "#39"].contains(&name) && rest.len() > name.len()
    };
    if text.contains('<') || text.split('&').skip(1).any(|rest| !entity(rest)) {
        return Err(format!("not escaped: {}", cut(text)));
    }
    Ok(())
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}
