//! Models of images: classifier, line of text, detector.

use crate::project::{Project, cases, int, uint, words};
use alloy_primitives::{B256, I256, U256};
use alloy_sol_types::{SolError, sol};

sol!("../../templates/image-classifier/src/IImageClassifier.sol");
sol!("../../templates/ocr-line/src/IOcrLine.sol");
sol!("../../templates/detector/src/IDetector.sol");

#[test]
fn the_classifier_gives_the_greatest_logit_and_how_far_it_is_ahead() {
    use IImageClassifier::{NotClassified, Unsure, classOfCall, classifyCall, recordCall};
    let mut project = Project::new("image-classifier");
    let scale = project.scale_wad("logits");
    assert_eq!(scale, project.constant("SCALE_WAD"));
    let least: I256 = "1000000000000000000".parse().unwrap();
    project.deploy("ImageClassifier", &(project.model, scale, least));
    let (mut right, mut unsure) = (0, 0);
    let cases = cases("image-classifier");
    for (id, case) in cases.iter().enumerate() {
        let logits = words(&project.infer(&case.input));
        let mut sorted = logits.clone();
        sorted.sort_unstable();
        let (best, next) = (sorted[9], sorted[8]);
        let class = logits.iter().position(|logit| *logit == best).unwrap();
        let margin = int(best - next) * scale;
        let (id, image) = (uint(id), case.input.clone().into());
        let said = project.call(&classifyCall { image });
        assert_eq!((said.class, said.marginWad), (uint(class), margin));
        right += usize::from(case.label == class);
        let image = case.input.clone().into();
        if margin < least {
            unsure += 1;
            let refused = project.refusal(&recordCall { id, image });
            assert_eq!(
                refused,
                Unsure {
                    class: uint(class),
                    marginWad: margin
                }
                .abi_encode()
            );
            let refused = project.refusal(&classOfCall { id });
            assert_eq!(refused, NotClassified { id }.abi_encode());
        } else {
            project.send(&recordCall { id, image });
            assert_eq!(project.call(&classOfCall { id }), uint(class));
        }
    }
    assert!(
        right + 2 >= cases.len() && unsure < 5,
        "{right} right, {unsure} unsure"
    );
}

/// Text by its definition: the classes of runs of equal steps, without blanks.
fn decoded(raw: &[u8]) -> String {
    let mut steps: Vec<u32> = raw
        .as_chunks()
        .0
        .iter()
        .map(|step| u32::from_le_bytes(*step))
        .collect();
    steps.dedup();
    steps
        .into_iter()
        .filter_map(|step| char::from_digit(step, 10))
        .collect()
}

#[test]
fn lines_are_read_and_meters_run_forwards() {
    use IOcrLine::{NothingRead, ReadingFell, readCall, readingOfCall, submitCall};
    let mut project = Project::new("ocr-line");
    project.deploy("OcrLine", &(project.model,));
    let meter = uint(7);
    let (mut right, mut last, mut fell) = (0, 0, 0);
    let cases = cases("ocr-line");
    for case in &cases {
        let text = decoded(&project.infer(&case.input));
        let strip = || case.input.clone().into();
        assert_eq!(project.call(&readCall { strip: strip() }), text);
        right += usize::from(case.label == text);
        let reading: u64 = text.parse().unwrap();
        if reading < last {
            fell += 1;
            let refused = project.refusal(&submitCall {
                meter,
                strip: strip(),
            });
            let (last, now_) = (U256::from(last), U256::from(reading));
            assert_eq!(refused, ReadingFell { last, now_ }.abi_encode());
        } else {
            last = reading;
            project.send(&submitCall {
                meter,
                strip: strip(),
            });
        }
        assert_eq!(project.call(&readingOfCall { meter }), U256::from(last));
    }
    assert!(
        right * 10 >= cases.len() * 8 && fell > 0,
        "{right} right, {fell} fell"
    );
    let strip = vec![0; cases[0].input.len()].into();
    let refused = project.refusal(&submitCall { meter, strip });
    assert_eq!(refused, NothingRead {}.abi_encode());
}

const CELLS: usize = 6;
const CHANNELS: usize = 13;

/// What is on an image, by the page of the template: (class, left, top, certainty), places times 10^18.
fn detected(output: &[i64], scale: i64) -> Vec<(usize, i128, i128, i64)> {
    let wad = 1_000_000_000_000_000_000i128;
    let mut cells: Vec<usize> = (0..CELLS * CELLS)
        .filter(|cell| output[cell * CHANNELS] > 0)
        .collect();
    // Stable: of equal ones the first stays first.
    cells.sort_by_key(|cell| -output[cell * CHANNELS]);
    let mut found: Vec<(usize, i128, i128, i64)> = Vec::new();
    for cell in cells {
        let numbers = &output[cell * CHANNELS..][..CHANNELS];
        let place = |cell: usize, offset: i64| {
            (2 * cell as i128 + 1) * 2 * wad + i128::from(offset) * i128::from(scale) * 4 - 4 * wad
        };
        let (left, top) = (place(cell % CELLS, numbers[1]), place(cell / CELLS, numbers[2]));
        let near = |a: i128, b: i128| (a - b).abs() < 4 * wad;
        if found.iter().any(|(_, l, t, _)| near(left, *l) && near(top, *t)) {
            continue;
        }
        let classes = &numbers[3..];
        let best = classes.iter().max().unwrap();
        let class = classes.iter().position(|logit| logit == best).unwrap();
        found.push((class, left, top, numbers[0]));
    }
    found
}

#[test]
fn the_detector_finds_digits_and_counts_them() {
    use IDetector::{countOfCall, detectCall, surveyCall};
    let mut project = Project::new("detector");
    let scale = project.scale_wad("cells");
    assert_eq!(scale, project.constant("SCALE_WAD"));
    project.deploy("Detector", &(project.model, scale));
    let place = B256::repeat_byte(1);
    let (mut right, mut all) = (0, 0);
    for case in cases("detector") {
        let image = || case.input.clone().into();
        let found = detected(&words(&project.infer(&case.input)), scale.try_into().unwrap());
        let pixels = |wad: i128| (wad + 500_000_000_000_000_000).div_euclid(1_000_000_000_000_000_000);
        let said = project.call(&detectCall { image: image() });
        assert_eq!(said.len(), found.len());
        for (said, (class, left, top, certainty)) in said.iter().zip(&found) {
            assert_eq!(said.class, uint(*class));
            assert_eq!(said.left, I256::try_from(pixels(*left)).unwrap());
            assert_eq!(said.top, I256::try_from(pixels(*top)).unwrap());
            assert_eq!(said.certaintyWad, int(*certainty) * scale);
        }
        project.send(&surveyCall {
            place,
            image: image(),
        });
        for class in 0..10 {
            let count = found.iter().filter(|one| one.0 == class).count();
            let class = uint(class);
            assert_eq!(project.call(&countOfCall { place, class }), uint(count));
        }
        for one in case.label.as_array().unwrap() {
            let [x, y, class] = [0, 1, 2].map(|i| one[i].as_i64().unwrap());
            let near = |wad: i128, pixel: i64| (pixels(wad) - i128::from(pixel)).abs() <= 2;
            all += 1;
            right += usize::from(
                found
                    .iter()
                    .any(|(c, l, t, _)| *c as i64 == class && near(*l, x) && near(*t, y)),
            );
        }
    }
    assert!(right * 10 >= all * 8, "{right} of {all} digits were found");
}
