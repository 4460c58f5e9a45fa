//! Formats of results, and the files that they go to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Formats and files.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// The format on stdout
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
    /// Write a format to a file as well; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    pub output: Vec<OutputFile>,
}

/// A format of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// For programs; `pgwitness schema report` describes it
    Json,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub: workflow commands
    Github,
    /// Code quality report of GitLab
    Gitlab,
    /// Test results: JUnit XML
    Junit,
    /// Comment of a pull request
    Markdown,
    /// The findings, for spreadsheets
    Csv,
    /// One page with everything, for browsers and paper
    Html,
    /// Assessment results of OSCAL
    Oscal,
}

/// A format of what is no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// For people
    Human,
    /// For programs
    Json,
}

/// A format and the file it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// The format.
    pub format: Format,
    /// The file.
    pub file: PathBuf,
}

impl std::str::FromStr for OutputFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, file) = text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or("expected FORMAT=FILE")?;
        let format = Format::from_str(format, false).map_err(|_| {
            let all: Vec<_> = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
            let names: Vec<_> = all.iter().map(clap::builder::PossibleValue::get_name).collect();
            format!("`{format}` is none of {}", names.join(", "))
        })?;
        Ok(Self { format, file: file.into() })
    }
}
