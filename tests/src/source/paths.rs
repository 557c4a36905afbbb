//! The paths that a module's tokens name: in `use`, and in the midst of code.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};

/// A path as it is written, and where.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// Of a `use`, the name that it gives to what the path leads to; nothing for `_` and `*`.
    pub(super) binds: Option<String>,
}

/// What a module's own tokens hold; what is in a module written out inside of it is in that.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// `mod name;`
    pub(super) files: Vec<String>,
    /// `mod name { … }`
    pub(super) inline: Vec<(String, Contents)>,
    pub(super) uses: Vec<Named>,
    /// Paths of two segments and more outside of `use`.
    pub(super) paths: Vec<Named>,
}

impl Contents {
    /// Reads a module. What only a build of tests has is left out: a test may look at anything.
    pub(super) fn of(tokens: TokenStream) -> Self {
        let mut contents = Self::default();
        contents.read(tokens);
        contents
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        let mut for_tests = false;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(p) if p.as_char() == '#' => {
                    if let Some(TokenTree::Group(g)) = tokens.get(at + 1) {
                        let attribute = g.stream().to_string();
                        for_tests |= attribute.replace(' ', "") == "cfg(test)";
                    }
                    at += 1;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    at = self.module(&tokens, at, for_tests);
                    for_tests = false;
                }
                // `use<'a>` in a bound is another thing.
                TokenTree::Ident(word)
                    if word == "use" && !tokens.get(at + 1).is_some_and(|t| is_punct(t, '<')) =>
                {
                    let end = (at..tokens.len())
                        .find(|&i| is_punct(&tokens[i], ';'))
                        .unwrap_or(tokens.len());
                    if !for_tests {
                        self.tree(&tokens[at + 1..end], &[]);
                    }
                    at = end;
                    for_tests = false;
                }
                TokenTree::Ident(word) => {
                    let (segments, end) = path(&tokens, at);
                    let continues = at >= 2 && is_colons(&tokens, at - 2);
                    if segments.len() > 1 && !continues && !for_tests {
                        let line = line(word);
                        self.paths.push(Named {
                            segments,
                            line,
                            binds: None,
                        });
                    }
                    at = end;
                }
                TokenTree::Group(group) => {
                    // The body of a function or type that only tests have ends what `cfg(test)` stands before.
                    if !for_tests || group.delimiter() == Delimiter::Bracket {
                        self.read(group.stream());
                    } else if group.delimiter() == Delimiter::Brace {
                        for_tests = false;
                    }
                    at += 1;
                }
                token => {
                    for_tests &= !is_punct(token, ';') && !is_punct(token, ',');
                    at += 1;
                }
            }
        }
    }

    /// `mod name;` or `mod name { … }` at `at`; gives where it ends.
    fn module(&mut self, tokens: &[TokenTree], at: usize, for_tests: bool) -> usize {
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
            return at + 1;
        };
        match tokens.get(at + 2) {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                if !for_tests {
                    self.inline.push((name.to_string(), Self::of(body.stream())));
                }
                at + 3
            }
            _ if for_tests => at + 2,
            _ => {
                self.files.push(name.to_string());
                at + 2
            }
        }
    }

    /// One tree of a `use`: `a::b`, `a::b as c`, `a::{…}`, `a::*`, and lists of those.
    fn tree(&mut self, tokens: &[TokenTree], before: &[String]) {
        for tokens in tokens.split(|t| is_punct(t, ',')) {
            let start = tokens.iter().position(|t| !is_punct(t, ':'));
            let Some(start) = start else { continue };
            let (mut segments, mut end) = (before.to_vec(), start);
            if let TokenTree::Ident(_) = &tokens[start] {
                let (own, own_end) = path(tokens, start);
                segments.extend(own);
                end = own_end;
            }
            let line = tokens[start].span().start().line;
            let last = tokens[end..].iter().find(|t| !is_punct(t, ':'));
            match last {
                Some(TokenTree::Group(list)) => {
                    let list: Vec<TokenTree> = list.stream().into_iter().collect();
                    self.tree(&list, &segments);
                }
                Some(TokenTree::Punct(_)) => self.uses.push(Named {
                    segments,
                    line,
                    binds: None,
                }),
                other => {
                    // `a::{self}` is a.
                    if segments.len() > 1 && segments.last().is_some_and(|s| s == "self") {
                        segments.pop();
                    }
                    let renamed = match (other, tokens.last()) {
                        (Some(_), Some(TokenTree::Ident(name))) => Some(name.to_string()),
                        _ => segments.last().cloned(),
                    };
                    let binds = renamed.filter(|n| n != "_");
                    self.uses.push(Named {
                        segments,
                        line,
                        binds,
                    });
                }
            }
        }
    }
}

/// The path that begins at a word, and where it ends; a path's generic arguments end it.
fn path(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    let mut at = start;
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        segments.push(word.to_string());
        at += 1;
        if !(is_colons(tokens, at) && matches!(tokens.get(at + 2), Some(TokenTree::Ident(_)))) {
            break;
        }
        at += 2;
    }
    (segments, at)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let joint = matches!(&tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint);
    joint && tokens.get(at + 1).is_some_and(|t| is_punct(t, ':'))
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(p) if p.as_char() == character)
}

fn line(word: &Ident) -> usize {
    word.span().start().line
}
