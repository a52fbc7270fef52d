//! What can be wrong with a pipeline file.

use super::{Case, case, hold, numbers};

/// A pipeline over a small table, checked and run; `text` follows its version and input.
fn pipeline(name: &'static str, text: &str) -> Case {
    whole(name, format!("version: 1\ninput: {{path: t.csv}}\n{text}"))
}

fn whole(name: &'static str, text: impl AsRef<[u8]>) -> Case {
    case(name).file("t.csv", numbers(30, 6)).file("p.yaml", text).run(&["run", "p.yaml"])
}

#[test]
fn pipeline_files() {
    let mut laughs = "version: 1\na: &a [x, x]\n".to_owned();
    for (one, other) in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"].iter().map(|pair| pair.split_at(1)) {
        laughs += &format!("{other}: &{other} [*{one}, *{one}, *{one}, *{one}, *{one}, *{one}, *{one}, *{one}]\n");
    }
    let count = hold(vec![
        whole("empty", "").says(&["empty"]),
        whole("blank", "\n  \n").says(&["empty"]),
        whole("only a comment", "# nothing\n").says(&["p.yaml"]),
        whole("only a mark of byte order", "\u{feff}").says(&["empty"]),
        whole("no UTF-8", b"version: 1\nname: \xff\n").says(&["UTF-8", "byte 17"]),
        whole("UTF-16", b"\xff\xfev\0e\0r\0").says(&["UTF-8"]),
        whole("a zero byte", "version: 1\nname: a\0b\n").says(&["p.yaml:2"]),
        whole("a number", "5\n").says(&["keys and values"]),
        whole("a list", "- version: 1\n").says(&["keys and values"]),
        whole("no version", "input: {path: t.csv}\n").says(&["version: 1"]),
        whole("a version to come", "version: 2\ninput: {path: t.csv}\n").says(&["version 2", "newer"]),
        whole("a version as text", "version: one\ninput: {path: t.csv}\n").says(&["p.yaml:1:10"]),
        whole("no input", "version: 1\n").says(&["input"]),
        whole("an input without a path", "version: 1\ninput: {id: a}\n").says(&["path"]),
        whole("an empty path", "version: 1\ninput: {path: \"\"}\n").says(&["no table"]),
        whole("no paths", "version: 1\ninput: {path: []}\n").says(&["path"]),
        whole("an address", "version: 1\ninput: {path: https://example.org/t.csv}\n").says(&["only local files"]),
        whole("no such table", "version: 1\ninput: {path: u.csv}\n").says(&["u.csv", "no such file"]),
        whole("a tab", "version: 1\ninput:\n\tpath: t.csv\n").says(&["p.yaml:3", "tab"]),
        whole("an open bracket", "version: 1\ninput: {path: t.csv\n").says(&["p.yaml"]),
        whole("an open quote", "version: 1\nname: \"abc\n").says(&["p.yaml"]),
        whole("two documents", "version: 1\n---\nversion: 1\n").says(&["one document"]),
        whole("a bomb of aliases", &laughs).says(&["anchors and aliases"]),
        whole("a merge key", "version: 1\ninput: {path: t.csv}\ntsne:\n  <<: {perplexity: 5}\n").says(&["merge key"]),
        whole("a tag that makes an object", "version: !!python/object:os.system 1\n").says(&["tag"]),
        whole("brackets 100,000 deep", format!("version: 1\ninput: {}\n", "[".repeat(100_000))).says(&["nested"]),
        whole("braces 100,000 deep", format!("version: 1\ninput: {}\n", "{a: ".repeat(100_000))).says(&["nested"]),
        whole("lists 100,000 deep", format!("version: 1\ninput: {}x\n", "- ".repeat(100_000))).says(&["p.yaml:2"]),
        whole("lines 1,000 deep", (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>())
            .says(&["unknown key `a`"]),
        case("100 MB")
            .before("{ echo version: 1; head -c 100000000 /dev/zero | tr '\\0' 'x'; } > p.yaml")
            .run(&["run", "p.yaml"])
            .says(&["at most 1048576"]),
        whole("100,000 unknown keys", (0..80_000).map(|key| format!("k{key}: 1\n")).collect::<String>())
            .says(&["unknown key"]),
        whole("a line of a megabyte", format!("version: 1\nname: {}\ntnse: 1\n", "x".repeat(1_000_000)))
            .says(&["p.yaml:2"]),
        pipeline("an unknown key", "tsne: {perplexty: 30}\n").says(&["p.yaml:3:8", "did you mean `perplexity`"]),
        pipeline("an unknown section", "tnse: {perplexity: 30}\n").says(&["did you mean `tsne`"]),
        pipeline("a key twice", "seed: 1\nseed: 2\n").says(&["given twice", "p.yaml:4"]),
        pipeline("an unknown step", "prepare: [log2p]\n").says(&["log2p"]),
        pipeline("a step that is a number", "prepare: [5]\n").says(&["p.yaml:3"]),
        pipeline("seed -1", "seed: -1\n").says(&["p.yaml:3:7"]),
        pipeline("seed 2^64", "seed: 18446744073709551616\n").says(&["p.yaml:3:7"]),
        pipeline("seed 1.5", "seed: 1.5\n").says(&["p.yaml:3:7"]),
        pipeline("no code", "autoencoder: {code_size: 0}\n").says(&["code_size"]),
        pipeline("half a code", "autoencoder: {code_size: 2.5}\n").says(&["2.5"]),
        pipeline("a code as text", "autoencoder: {code_size: lots}\n").says(&["p.yaml:3:", "lots"]),
        pipeline("a code wider than the table", "autoencoder: {code_size: 6}\n").says(&["code_size", "5 or less"]),
        pipeline("a code beyond all", "autoencoder: {code_size: 18446744073709551615}\n").says(&["code_size"]),
        pipeline("a hidden layer of none", "autoencoder: {hidden: [0], code_size: 2}\n").says(&["hidden"]),
        pipeline("hidden layers that grow", "autoencoder: {hidden: [4, 8], code_size: 2}\n").says(&["8"]),
        pipeline("a hidden layer of a billion", "autoencoder: {hidden: [1000000000], code_size: 2}\n")
            .says(&["weights", "GiB"]),
        pipeline(
            "hidden layers beyond all",
            "autoencoder: {hidden: [9000000000000000000, 9000000000000000000], code_size: 2}\n",
        )
        .says(&["weights"]),
        pipeline("no batch", "autoencoder: {training: {batch_size: 0}}\n").says(&["batch_size"]),
        pipeline("nothing held out", "autoencoder: {training: {validation: 0}}\n").says(&["validation"]),
        pipeline("all held out", "autoencoder: {training: {validation: 1}}\n").says(&["between 0 and 1"]),
        pipeline("more than all held out", "autoencoder: {training: {validation: 1.5}}\n").says(&["between 0 and 1"]),
        pipeline("a negative learning rate", "autoencoder: {training: {learning_rate: -1}}\n").says(&["above 0"]),
        pipeline("a learning rate that is none", "autoencoder: {training: {learning_rate: .nan}}\n")
            .says(&["p.yaml:3"]),
        pipeline("an infinite learning rate", "autoencoder: {training: {learning_rate: .inf}}\n").says(&["p.yaml:3"]),
        pipeline("an unknown loss", "autoencoder: {loss: mae}\n").says(&["mae"]),
        pipeline("a loss that the data forbid", "autoencoder: {loss: bce, code_size: 2}\nprepare: [standardize]\n")
            .says(&["[0, 1]"]),
        pipeline("perplexity 0", "tsne: {perplexity: 0}\n").says(&["above 0"]),
        pipeline("perplexity -1", "tsne: {perplexity: -1}\n").says(&["above 0"]),
        pipeline("perplexity nan", "tsne: {perplexity: .nan}\n").says(&["above 0"]),
        pipeline("perplexity inf", "tsne: {perplexity: .inf}\n").says(&["above 0"]),
        pipeline("a perplexity for more rows", "tsne: {perplexity: 30}\n").says(&["perplexity", "9"]),
        pipeline("a color that is not there", "plots: [{color_by: c9}]\n").says(&["c9"]),
        pipeline("an unknown palette", "plots: [{color_by: c1, palette: rainbow}]\n").says(&["rainbow"]),
        pipeline("an empty output", "output: \"\"\n").says(&["output"]),
        pipeline("an output with a zero byte", "output: \"a\\0b\"\n").says(&["output"]),
        pipeline("the input's folder as output", "output: .\n").says(&["output"]),
        pipeline("the input as output", "output: t.csv\n").says(&["t.csv", "file"]),
        pipeline("an output below a file", "output: t.csv/run\n").says(&["t.csv", "file"]),
        pipeline("an output with a name too long", &format!("output: {}\n", "x".repeat(300))).says(&["too long"]),
        pipeline("somebody's output", "output: theirs\n")
            .file("theirs/codes.parquet", "x")
            .says(&["codes.parquet", "not from a run"]),
        whole("an id that is not there", "version: 1\ninput: {path: t.csv, id: c}\n").says(&["`c`"]),
        whole("a label that is not there", "version: 1\ninput: {path: t.csv, labels: [c_1]}\n")
            .says(&["`c_1`", "p.yaml:2"]),
        whole("an id that is a label", "version: 1\ninput: {path: t.csv, id: c1, labels: [c1]}\n")
            .says(&["c1", "both"]),
        whole(
            "a label that is a feature",
            "version: 1\ninput: {path: t.csv, labels: [c1], features: {include: [c1]}}\n",
        )
        .says(&["c1", "both"]),
        whole("in and out", "version: 1\ninput: {path: t.csv, features: {include: [c1], exclude: [c1]}}\n")
            .says(&["c1", "both"]),
        whole("all out", "version: 1\ninput: {path: t.csv, features: {exclude: [\".*\"]}}\n")
            .says(&["no column is left"]),
        whole("no regular expression", "version: 1\ninput: {path: t.csv, features: {include: [\"(\"]}}\n")
            .says(&["regular expression"]),
        whole("a sample of none", "version: 1\ninput: {path: t.csv, rows: {sample: 0}}\n").says(&["sample"]),
        whole("metadata that is not there", "version: 1\ninput: {path: t.csv, metadata: {path: m.csv}}\n")
            .says(&["m.csv"]),
        whole("YAML 1.1's no", "version: 1\ninput: {path: t.csv, id: no}\n").says(&["`no`"]),
    ]);
    assert!(count >= 70, "{count} cases");
}

#[test]
fn every_problem_of_a_file_is_told_at_once() {
    hold(vec![
        pipeline("two problems", "tsne:\n  perplexty: 30\nautoencoder:\n  code_size: many\n")
            .says(&["p.yaml:4:3", "p.yaml:6:"]),
    ]);
}
