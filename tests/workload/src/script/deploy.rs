use super::Script;
use crate::{
    ClassifierCaller, DigitClassifier, Network, Pair, Token, artefacts, genesis::OWNER, order::Lane,
    request::Request,
};
use alloy_sol_types::SolConstructor;

impl Script<'_> {
    /// Both classifiers, in the order that [`Contracts`](crate::Contracts) counts on.
    pub(crate) fn deploy_classifiers(&self) -> Lane {
        let code = artefacts::digit_classifier();
        let deploy = |model| {
            let arguments = DigitClassifier::constructorCall { modelId: model }.abi_encode();
            vec![Request::create(OWNER, code.deploy(&arguments))]
        };
        vec![deploy(self.models.mlp.id), deploy(self.models.cnn.id)]
    }

    /// What is deployed after them.
    pub(crate) fn deploy_the_rest(&self) -> Lane {
        let caller = |network| {
            let classifier = self.classifier(network);
            let arguments = ClassifierCaller::constructorCall { classifier }.abi_encode();
            artefacts::classifier_caller().deploy(&arguments)
        };
        let token = |name: &str, symbol: &str| {
            let arguments = Token::constructorCall {
                name: name.to_owned(),
                symbol: symbol.to_owned(),
                decimals: 18,
            };
            artefacts::token().deploy(&arguments.abi_encode())
        };
        let pair = Pair::constructorCall {
            tokenA: self.contracts.token_a,
            tokenB: self.contracts.token_b,
        };
        [
            caller(Network::Mlp),
            caller(Network::Cnn),
            token("Token A", "TKA"),
            token("Token B", "TKB"),
            artefacts::pair().deploy(&pair.abi_encode()),
        ]
        .map(|code| vec![Request::create(OWNER, code)])
        .into()
    }
}
