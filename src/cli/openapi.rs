//! `doorstep openapi`

use std::io::Write;

use anyhow::Context;
use clap::Args;

use crate::openapi;

/// Print the API document (OpenAPI 3.1, YAML)
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  doorstep openapi > openapi.yaml")]
pub struct Openapi {}

impl Openapi {
    pub fn run(self) -> anyhow::Result<()> {
        let yaml = openapi::to_yaml().map_err(anyhow::Error::from_boxed)?;
        std::io::stdout().write_all(yaml.as_bytes()).context("cannot write the document")
    }
}
