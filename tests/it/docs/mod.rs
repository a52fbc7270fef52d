//! Every command of README.md and docs/ is run, as a reader would, in a folder of its own.
//!
//! How a page says what is run:
//! - a block fenced as `sh` is run with bash, in order, all blocks of a page in one folder that holds copies of `pipelines/`
//!   and `sample_data/`, and a small `images.npy`; a command that fails fails the test;
//! - a block fenced as `yaml` whose first line is `# NAME.yaml` is written to that file first;
//! - `<!-- test: COMMAND -->` is run too and readers do not see it: it puts a file there that the page speaks of. Where it names
//!   `$DATA` (the larger tables, not part of the repository) and there are none, the rest of the page is not run, and that is said;
//! - a block fenced as `sh by hand: REASON` is not run; there may be only so many of them ([`BY_HAND`]).
//!
//! `reduce run` trains for three epochs here: what is tested is that the commands are right, not what they reach.

mod reference;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Place, repository};

/// The pages, each a test of its own, so that they run side by side.
macro_rules! pages {
    ($($test:ident: $page:literal),+ $(,)?) => {
        const PAGES: &[&str] = &[$($page),+];
        $(#[test] fn $test() { run_page($page); })+
    };
}

pages! {
    the_commands_of_the_readme_run: "README.md",
    the_commands_of_the_guide_run: "docs/README.md",
    the_commands_for_omics_run: "docs/omics.md",
    the_commands_for_mixed_tables_run: "docs/mixed-tables.md",
    the_commands_for_images_and_sensors_run: "docs/images-and-sensors.md",
    the_commands_beside_a_script_run: "docs/beside-a-script.md",
    the_commands_on_kinds_of_autoencoders_run: "docs/kinds.md",
    the_commands_on_export_run: "docs/export.md",
    the_commands_on_scale_run: "docs/scale.md",
    the_commands_on_faithfulness_run: "docs/faithfulness.md",
    the_commands_on_plots_run: "docs/plots.md",
}

/// How many blocks of all pages are not run. A new one needs a reason and a change of this number.
const BY_HAND: usize = 3;

/// A piece of a page that a test does something with.
#[derive(Debug, PartialEq)]
enum Piece {
    /// Run by bash.
    Run(String),
    /// Run by bash, hidden from readers.
    Setup(String),
    /// A file and its content.
    File(String, String),
    /// Not run, and why.
    ByHand(String),
}

/// The pieces of a page, each with the line it begins in.
fn pieces(text: &str) -> Vec<(usize, Piece)> {
    let mut found = Vec::new();
    let mut fence: Option<(usize, String, String)> = None;
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim();
        match (&mut fence, bare.strip_prefix("```")) {
            (None, Some(info)) => fence = Some((at + 1, info.trim().to_owned(), String::new())),
            (None, None) => {
                let hidden = bare.strip_prefix("<!-- test:").and_then(|rest| rest.strip_suffix("-->"));
                found.extend(hidden.map(|command| (at + 1, Piece::Setup(command.trim().to_owned()))));
            }
            (Some(_), Some("")) => {
                if let Some((start, info, content)) = fence.take() {
                    found.extend(piece(&info, content).map(|piece| (start, piece)));
                }
            }
            (Some((_, _, content)), _) => {
                content.push_str(line);
                content.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a fence is not closed");
    found
}

fn piece(info: &str, content: String) -> Option<Piece> {
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    match language {
        "sh" | "bash" | "shell" | "console" => Some(match rest.strip_prefix("by hand:") {
            Some(reason) => Piece::ByHand(reason.trim().to_owned()),
            None if rest.is_empty() => Piece::Run(content),
            None => panic!("```{info}: say `sh`, or `sh by hand: REASON`"),
        }),
        "yaml" => {
            let name = content.lines().next()?.strip_prefix("# ")?.to_owned();
            (name.ends_with(".yaml") && !name.contains([' ', '/'])).then_some(Piece::File(name, content))
        }
        _ => None,
    }
}

/// 200 images of 16 pixels as `numpy.save` writes them.
fn npy() -> Vec<u8> {
    let header = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (200, 16), }");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
    bytes.extend(header.as_bytes());
    let pixel = |at: usize| ((at * 7 + at / 16 * 3) % 17) as f32 / 16.0;
    bytes.extend((0..200 * 16).flat_map(|at| pixel(at).to_le_bytes()));
    bytes
}

/// The larger tables, beside the repository.
fn data() -> Option<PathBuf> {
    let folder = repository().join("../shared/data");
    folder.is_dir().then_some(folder)
}

/// `reduce`, training for three epochs only, and the two uses of `cargo` that pages make.
fn programs(place: &Place) -> PathBuf {
    let program = env!("CARGO_BIN_EXE_reduce");
    place.file(
        ".bin/reduce",
        format!(
            "#!/bin/sh\nif [ \"$1\" = run ]; then exec '{program}' \"$@\" --set autoencoder.training.max_epochs=3 --set evaluate.sample=500; fi\n\
             exec '{program}' \"$@\"\n"
        ),
    );
    place.file(
        ".bin/cargo",
        "#!/bin/sh\ncase \"$*\" in\n  \"run --release -- \"*) shift 3; exec reduce \"$@\" ;;\n  \
         \"install --path .\") exit 0 ;;\nesac\necho \"the test of pages knows no cargo $*\" >&2\nexit 1\n",
    );
    let folder = place.join(".bin");
    for name in ["reduce", "cargo"] {
        let done = Command::new("chmod").arg("+x").arg(folder.join(name)).status().expect("chmod");
        assert!(done.success());
    }
    folder
}

fn copy_samples(place: &Place) {
    for folder in ["pipelines", "sample_data"] {
        for entry in std::fs::read_dir(repository().join(folder)).expect("a folder").flatten() {
            if entry.path().is_file() {
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                place.file(&name, std::fs::read(entry.path()).expect("a file"));
            }
        }
    }
}

fn run_page(page: &str) {
    let text = std::fs::read_to_string(repository().join(page)).expect(page);
    let place = Place::new();
    copy_samples(&place);
    place.file("images.npy", npy());
    let path = format!("{}:{}", programs(&place).display(), std::env::var("PATH").unwrap_or_default());
    let data = data();
    for (line, piece) in pieces(&text) {
        let script = match piece {
            Piece::ByHand(_) => continue,
            Piece::File(name, content) => {
                place.file(&name, content);
                continue;
            }
            Piece::Setup(command) if command.contains("$DATA") && data.is_none() => {
                eprintln!("{page}:{line}: not run from here on, for lack of ../shared/data");
                return;
            }
            Piece::Run(script) | Piece::Setup(script) => script,
        };
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", &script]).current_dir(place.path()).env("PATH", &path);
        command.env("DATA", data.as_deref().unwrap_or(Path::new("")));
        let said = crate::program::Said::of(command.output().expect("bash"));
        assert!(
            said.code == 0,
            "{page}:{line} ended with {}\n{script}\nstdout: {}\nstderr: {}\n(how pages are run: tests/it/docs/mod.rs)",
            said.code,
            said.stdout,
            said.stderr
        );
    }
}

#[test]
fn every_page_with_commands_is_run_and_what_is_not_run_has_a_reason() {
    let mut pages = vec!["README.md".to_owned()];
    for entry in std::fs::read_dir(repository().join("docs")).expect("docs").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") {
            pages.push(format!("docs/{name}"));
        }
    }
    let mut not_run = Vec::new();
    for page in &pages {
        let found = pieces(&std::fs::read_to_string(repository().join(page)).expect("a page"));
        for (line, piece) in &found {
            if let Piece::ByHand(reason) = piece {
                assert!(reason.len() > 10, "{page}:{line}: say why it is not run");
                not_run.push(format!("{page}:{line}: {reason}"));
            }
        }
        let runs = found.iter().any(|(_, piece)| !matches!(piece, Piece::ByHand(_)));
        assert!(
            !runs || PAGES.contains(&page.as_str()),
            "{page} has commands: add it to `pages!` in tests/it/docs/mod.rs"
        );
    }
    eprintln!("not run:\n{}", not_run.join("\n"));
    assert_eq!(not_run.len(), BY_HAND, "blocks that are not run:\n{}", not_run.join("\n"));
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut wrong = Vec::new();
    let mut pages = vec![repository().join("README.md")];
    for folder in ["docs", "notebooks", "benches", "sample_data"] {
        for entry in std::fs::read_dir(repository().join(folder)).expect("a folder").flatten() {
            pages.push(entry.path());
        }
    }
    for page in pages.iter().filter(|page| page.extension().is_some_and(|ending| ending == "md")) {
        let text = std::fs::read_to_string(page).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(char::is_whitespace) {
                continue;
            }
            if !page.parent().expect("a folder").join(file).exists() {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links to nowhere:\n{}", wrong.join("\n"));
}

#[test]
fn a_page_is_cut_into_its_pieces() {
    let page = "a\n<!-- test: cp a b -->\n```sh\nreduce run p.yaml\n```\n```yaml\n# p.yaml\nversion: 1\n```\n```yaml\nversion: 1\n```\n\
                ```sh by hand: needs a browser\nx\n```\n```text\ny\n```\n";
    assert_eq!(
        pieces(page),
        [
            (2, Piece::Setup("cp a b".to_owned())),
            (3, Piece::Run("reduce run p.yaml\n".to_owned())),
            (6, Piece::File("p.yaml".to_owned(), "# p.yaml\nversion: 1\n".to_owned())),
            (13, Piece::ByHand("needs a browser".to_owned())),
        ]
    );
}
