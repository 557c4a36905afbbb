//! Language models: what they go on with, choose and foresee.

use crate::project::{Project, cases, int, uint, words};
use alloy_primitives::{U256, keccak256};
use alloy_sol_types::{SolError, SolValue, sol};

sol!("../../templates/gpt2/src/IGpt2.sol");
sol!("../../templates/llama/src/ILlama.sol");
sol!("../../templates/deepseek/src/IDeepseek.sol");

/// A model on a chain, and texts that it was not trained on.
struct Language {
    project: Project,
    texts: Vec<Vec<i32>>,
    length: usize,
    vocabulary: usize,
}

impl Language {
    fn new(template: &str) -> Self {
        let texts = cases(template).into_iter().map(|case| {
            let tokens = case.input.as_chunks().0.iter();
            tokens.map(|token| i32::from_le_bytes(*token)).collect()
        });
        let project = Project::new(template);
        let count = |name| {
            project
                .constant(name)
                .try_into()
                .map(|n: u64| n as usize)
                .unwrap()
        };
        let (length, vocabulary) = (count("LENGTH"), count("VOCABULARY"));
        Self {
            texts: texts.collect(),
            length,
            vocabulary,
            project,
        }
    }

    /// The logits after each of the tokens, by the reference kernels: only the last ones that fit count.
    fn rows(&self, tokens: &[i32]) -> Vec<Vec<i64>> {
        let seen = &tokens[tokens.len().saturating_sub(self.length)..];
        let mut input: Vec<u8> = seen.iter().flat_map(|token| token.to_le_bytes()).collect();
        input.resize(self.length * 4, 0);
        let logits = words(&self.project.infer(&input));
        assert_eq!(logits.len(), self.length * self.vocabulary);
        logits
            .chunks(self.vocabulary)
            .take(seen.len())
            .map(<[i64]>::to_vec)
            .collect()
    }

    /// The likeliest token after these, the first of equals.
    fn next(&self, tokens: &[i32]) -> i32 {
        likeliest(self.rows(tokens).last().unwrap())
    }

    fn deploy(&mut self, contract: &str, last: U256) {
        let (model, length, vocabulary) = (self.project.model, uint(self.length), uint(self.vocabulary));
        match contract {
            "Gpt2" => self.project.deploy(contract, &(model, length, vocabulary)),
            _ => self.project.deploy(contract, &(model, length, vocabulary, last)),
        }
    }
}

fn likeliest(row: &[i64]) -> i32 {
    let best = row.iter().max().unwrap();
    row.iter().position(|logit| logit == best).unwrap() as i32
}

#[test]
fn gpt2_goes_on_with_texts_and_stories_are_kept() {
    use IGpt2::{TooMany, completeCall, nextTokenCall, storyOfCall, writeCall};
    let mut gpt2 = Language::new("gpt2");
    gpt2.deploy("Gpt2", U256::ZERO);
    // The last one has more tokens than the model sees at once before it is done.
    for (story, from) in [(1, 0..4), (2, 3..15), (3, 0..30)] {
        let text = &gpt2.texts[story][from];
        let mut expected = text.to_vec();
        for _ in 0..4 {
            expected.push(gpt2.next(&expected));
        }
        let (added, tokens) = (&expected[text.len()..], text.to_vec());
        assert_eq!(
            gpt2.project.call(&nextTokenCall {
                tokens: tokens.clone()
            }),
            added[0]
        );
        let complete = completeCall {
            tokens: tokens.clone(),
            count: uint(4),
        };
        assert_eq!(gpt2.project.call(&complete), added);
        let story = uint(story);
        gpt2.project.send(&writeCall {
            story,
            tokens,
            count: uint(1),
        });
        gpt2.project.send(&writeCall {
            story,
            tokens: Vec::new(),
            count: uint(3),
        });
        assert_eq!(gpt2.project.call(&storyOfCall { story }), expected);
    }
    let many = completeCall {
        tokens: vec![1],
        count: uint(33),
    };
    let refused = gpt2.project.refusal(&many);
    assert_eq!(
        refused,
        TooMany {
            count: uint(33),
            most: uint(32)
        }
        .abi_encode()
    );
    gpt2.project.refusal(&nextTokenCall { tokens: Vec::new() });
}

#[test]
fn llama_chooses_the_likeliest_of_some_tokens() {
    use ILlama::{NoSuchToken, answerOfCall, askCall, chooseCall, nextTokenCall};
    let mut llama = Language::new("llama");
    let scale = llama.project.scale_wad("logits");
    assert_eq!(scale, llama.project.constant("SCALE_WAD"));
    llama.deploy("Llama", scale.into_raw());
    let mut chosen = [0; 4];
    for (i, text) in llama.texts.iter().take(8).enumerate() {
        let text = text[..4 + i * 3].to_vec();
        let row = llama.rows(&text).pop().unwrap();
        let next = llama.project.call(&nextTokenCall { tokens: text.clone() });
        assert_eq!(next, likeliest(&row));
        let options = vec![10 + i as i32, 300 - i as i32, 40 * (i as i32 + 1), 7];
        let logits: Vec<i64> = options.iter().map(|token| row[*token as usize]).collect();
        let best = likeliest(&logits) as usize;
        let mut sorted = logits.clone();
        sorted.sort_unstable();
        let said = llama.project.call(&chooseCall {
            tokens: text.clone(),
            options: options.clone(),
        });
        assert_eq!(
            (said.choice, said.marginWad),
            (uint(best), int(sorted[3] - sorted[2]) * scale)
        );
        chosen[best] += 1;
        llama.project.send(&askCall {
            tokens: text.clone(),
            options: options.clone(),
        });
        let question = keccak256((text, options).abi_encode_params());
        assert_eq!(llama.project.call(&answerOfCall { question }), uint(best));
    }
    assert!(
        chosen.iter().filter(|times| **times > 0).count() > 1,
        "{chosen:?}"
    );
    let token = llama.vocabulary as i32;
    let refused = llama.project.refusal(&chooseCall {
        tokens: vec![1],
        options: vec![token],
    });
    assert_eq!(refused, NoSuchToken { token }.abi_encode());
}

#[test]
fn deepseek_takes_what_it_would_have_said() {
    use IDeepseek::{NotPredictable, TooShort, foreseeCall, hashOfCall, postCall};
    let mut board = Language::new("deepseek");
    let least = 20;
    board.deploy("Deepseek", uint(least));
    let mut posted = 0;
    let mut texts: Vec<Vec<i32>> = board.texts.iter().take(6).cloned().collect();
    // Noise: tokens in an order that nobody writes.
    texts.push(
        (0..board.length)
            .map(|i| (i * 211 % board.vocabulary) as i32)
            .collect(),
    );
    for text in &texts {
        let rows = board.rows(text);
        let foreseen = rows
            .iter()
            .zip(&text[1..])
            .filter(|(row, next)| likeliest(row) == **next)
            .count();
        let all = text.len() - 1;
        let said = board.project.call(&foreseeCall { tokens: text.clone() });
        assert_eq!((said.foreseen, said.all), (uint(foreseen), uint(all)));
        let post = postCall { tokens: text.clone() };
        if foreseen * 100 < all * least {
            let refused = board.project.refusal(&post);
            assert_eq!(
                refused,
                NotPredictable {
                    foreseen: uint(foreseen),
                    all: uint(all)
                }
                .abi_encode()
            );
            continue;
        }
        board.project.send(&post);
        let packed: Vec<u8> = text
            .iter()
            .flat_map(|t| U256::from(*t as u32).to_be_bytes::<32>())
            .collect();
        assert_eq!(
            board.project.call(&hashOfCall { id: uint(posted) }),
            keccak256(packed)
        );
        posted += 1;
    }
    assert!(posted > 0 && posted < texts.len(), "{posted} of {}", texts.len());
    let refused = board.project.refusal(&foreseeCall { tokens: vec![1] });
    assert_eq!(refused, TooShort {}.abi_encode());
}
