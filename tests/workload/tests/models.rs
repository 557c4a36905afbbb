//! The imported models against what onnxruntime makes of their files (models/digits/expected.json).

use metisvm_workload::{DIGITS, Digit, DigitModels};
use serde_json::Value;

#[test]
fn the_models_give_the_classes_that_onnxruntime_gives() {
    let expected: Value = serde_json::from_str(include_str!("../../../models/digits/expected.json")).unwrap();
    let models = DigitModels::import().unwrap();
    for (file, model) in [("mlp_qdq.onnx", &models.mlp), ("cnn_qdq.onnx", &models.cnn)] {
        let theirs = expected["models"][file]["predictions"].as_array().unwrap();
        assert_eq!(theirs.len(), DIGITS);
        let same = (0..DIGITS).filter(|at| {
            let ours = model.classify(&Digit::new(*at));
            theirs[*at].as_u64() == Some(ours.into())
        });
        // Where two logits are within a step of each other, the two ways of rounding may part.
        let differ = DIGITS - same.count();
        assert!(differ <= 2, "{file}: {differ} classes differ");
    }
}
