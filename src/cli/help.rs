//! `--help` in the reader's language.
//!
//! The English texts are the doc comments beside what they describe; other languages replace them text by text.

use clap::{Arg, Command};

use crate::language::Language;

/// What the program says of itself, in this language.
pub(super) fn in_language(program: Command, language: Language) -> Command {
    match language {
        Language::English => program,
        other => translate(program, other),
    }
}

fn translate(command: Command, language: Language) -> Command {
    let say = |id: &str| language.sentence(id, &[]);
    let name = command.get_name().to_owned();
    let arguments: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let commands: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    // Its own help and version flags are made by clap only once the command is built, in English; so they are made here.
    let mut command = command.disable_help_flag(true).disable_help_subcommand(true).arg(
        Arg::new("help")
            .short('h')
            .long("help")
            .action(clap::ArgAction::Help)
            .help(say("help-print-help").unwrap_or_default())
            .help_heading(say("help-options").unwrap_or_default()),
    );
    if command.get_version().is_some() {
        command = command.disable_version_flag(true).arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(clap::ArgAction::Version)
                .help(say("help-print-version").unwrap_or_default())
                .help_heading(say("help-options").unwrap_or_default()),
        );
    }
    for id in arguments {
        let text = argument(&name, &id, language);
        command = command.mut_arg(id, |arg| {
            let known = arg.get_help_heading().map(|heading| format!("help-heading-{heading}"));
            let usual = if arg.is_positional() { "help-arguments" } else { "help-options" };
            let heading = say(known.as_deref().unwrap_or(usual));
            let arg = match &text {
                // One text: what is said in two steps in English is one sentence here.
                Some(text) => arg.help(text.clone()).long_help(text.clone()),
                None => arg,
            };
            match heading {
                Some(heading) => arg.help_heading(heading),
                None => arg,
            }
        });
    }
    for inner in commands {
        command = command.mut_subcommand(inner, |inner| translate(inner, language));
    }
    if let Some(about) = say(&format!("help-{name}")) {
        let long = say(&format!("help-{name}.long")).unwrap_or_else(|| about.clone());
        command = command.about(about).long_about(long);
    }
    let after = command.get_after_help().map(ToString::to_string);
    if let Some(after) = say(&format!("help-{name}-after")).or_else(|| after.map(|text| examples(&text, language))) {
        command = command.after_help(after);
    }
    if let Some(heading) = say("help-commands") {
        command = command.subcommand_help_heading(heading);
    }
    let usage = say("help-usage").unwrap_or_default();
    command.help_template(format!("{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}"))
}

fn argument(command: &str, id: &str, language: Language) -> Option<String> {
    let own = language.sentence(&format!("help-arg-{command}-{id}"), &[]);
    own.or_else(|| language.sentence(&format!("help-arg-{id}"), &[]))
}

/// Examples are commands and read alike in all languages; only their heading does not.
fn examples(text: &str, language: Language) -> String {
    let heading = language.sentence("help-examples", &[]).unwrap_or_default();
    text.replacen("Examples:", &heading, 1).replacen("Example:", &heading, 1)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// Every text that is there in English is there in Chinese.
    #[test]
    fn nothing_is_left_untranslated() {
        fn check(command: &Command) {
            let name = command.get_name();
            let said = Language::Chinese.sentence(&format!("help-{name}"), &[]);
            assert!(said.is_some(), "help-{name} is missing");
            for arg in command.get_arguments() {
                let id = arg.get_id().as_str();
                assert!(argument(name, id, Language::Chinese).is_some(), "help-arg-{id} (of {name}) is missing");
                if let Some(heading) = arg.get_help_heading() {
                    let heading = format!("help-heading-{heading}");
                    assert!(Language::Chinese.sentence(&heading, &[]).is_some(), "{heading} is missing");
                }
            }
            command.get_subcommands().for_each(check);
        }
        check(&super::super::Cli::command());
    }

    #[test]
    fn a_chinese_terminal_is_spoken_to_in_chinese() {
        let mut program = in_language(super::super::Cli::command(), Language::Chinese);
        program.clone().debug_assert();
        let serve = program.find_subcommand_mut("serve").unwrap();
        let text = serve.render_long_help().to_string();
        for words in ["运行服务器", "用法：", "选项", "示例：", "DOORSTEP_LISTEN", "127.0.0.1:8080", "数据库"]
        {
            assert!(text.contains(words), "{words} in\n{text}");
        }
        for words in ["Usage", "Options:", "Print help", "Examples:"] {
            assert!(!text.contains(words), "{words} in\n{text}");
        }
        let matches = in_language(super::super::Cli::command(), Language::Chinese).try_get_matches_from([
            "doorstep",
            "admin",
            "add-user",
            "--role",
            "technician",
            "--name",
            "王磊",
            "--login",
            "wang",
        ]);
        assert!(matches.is_ok(), "{}", matches.unwrap_err());
    }
}
