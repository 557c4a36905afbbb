//! What the U-Nets and autoencoders of diffusers are made of.

pub(super) mod attention;
pub(super) mod image;
pub(super) mod options;
pub(super) mod resnet;
pub(super) mod sampling;
pub(super) mod time;
