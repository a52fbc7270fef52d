//! What can be wrong with a command line.

use super::{Case, case, hold, numbers};

const PIPELINE: &str = "version: 1\ninput: {path: t.csv}\noutput: run\n";

fn with_files(name: &'static str) -> Case {
    case(name).file("t.csv", numbers(30, 6)).file("p.yaml", PIPELINE)
}

#[test]
fn command_lines() {
    let count = hold(vec![
        case("nothing at all").run(&[]).says(&["Usage"]),
        case("unknown verb").run(&["rum", "p.yaml"]).says(&["run"]),
        case("an empty verb").run(&[""]).says(&["unrecognized"]),
        with_files("unknown flag").run(&["run", "p.yaml", "--quite"]).says(&["--quiet"]),
        with_files("a pipeline too many").run(&["run", "p.yaml", "q.yaml"]).says(&["q.yaml"]),
        with_files("flags that exclude each other")
            .run(&["run", "p.yaml", "--fresh", "--from", "tsne"])
            .says(&["--from"]),
        with_files("unknown stage").run(&["run", "p.yaml", "--from", "tnse"]).says(&["tsne"]),
        with_files("threads: none").run(&["--threads", "0", "run", "p.yaml"]).says(&["zero"]),
        with_files("threads: text").run(&["--threads", "all", "run", "p.yaml"]).says(&["all"]),
        with_files("threads: too many").run(&["--threads", "1000000", "run", "p.yaml"]).says(&["1024"]),
        with_files("threads: more than a word")
            .run(&["--threads", "99999999999999999999", "run", "p.yaml"])
            .says(&["too large"]),
        with_files("set without a value").run(&["run", "p.yaml", "--set", "tsne"]).says(&["="]),
        with_files("set of nothing").run(&["run", "p.yaml", "--set", "=5"]).says(&[]),
        with_files("set of an unknown key").run(&["run", "p.yaml", "--set", "tsne.perplexty=5"]).says(&["perplexity"]),
        with_files("set to a wrong type").run(&["run", "p.yaml", "--set", "tsne.perplexity=lots"]).says(&["lots"]),
        with_files("set into a number").run(&["run", "p.yaml", "--set", "seed.x=5"]).says(&["seed"]),
        with_files("set to an alias bomb").run(&["run", "p.yaml", "--set", "name=*a"]).says(&[]),
        case("no such pipeline").run(&["run", "absent.yaml"]).says(&["absent.yaml", "no such file"]),
        case("a folder as pipeline").before("mkdir d").run(&["run", "d"]).says(&["folder"]),
        case("a pipe as pipeline").before("mkfifo f").run(&["run", "f"]).says(&["regular file"]),
        case("a device as pipeline").run(&["run", "/dev/zero"]).says(&["/dev/zero"]),
        case("a path through a file").file("f", "x").run(&["run", "f/p.yaml"]).says(&["a part of the path is a file"]),
        case("links in a circle").before("ln -s a b; ln -s b a").run(&["run", "a"]).says(&["`a`"]),
        case("a link to nothing").before("ln -s gone a").run(&["inspect", "a"]).says(&["no such file"]),
        case("a very long name").run(&["inspect", &"x".repeat(5000)]).says(&["too long"]),
        case("a name that steers the terminal").run(&["inspect", "a\u{1b}[31m\u{202e}b.csv"]).says(&["a\u{fffd}"]),
        with_files("the table as pipeline").run(&["run", "t.csv"]).says(&["t.csv"]),
        case("inspect: no such table").run(&["inspect", "t.csv"]).says(&["t.csv", "no such file"]),
        case("inspect: a pipe").before("mkfifo f").run(&["inspect", "f"]).says(&["regular file"]),
        case("inspect: a device").run(&["inspect", "/dev/zero"]).says(&["regular file"]),
        case("inspect: an empty folder").before("mkdir d").run(&["inspect", "d"]).says(&["matrix.mtx"]),
        case("inspect: an address").run(&["inspect", "https://example.org/t.csv"]).says(&["only local files"]),
        case("inspect: a bucket").run(&["inspect", "s3://bucket/t.parquet"]).says(&["only local files"]),
        case("inspect: a file address").run(&["inspect", "file:///t.csv"]).says(&["only local files"]),
        case("inspect: standard input").run(&["inspect", "-"]).says(&["standard input"]),
        case("inspect: a pattern without a match").run(&["inspect", "*.csv"]).says(&["no file matches"]),
        case("inspect: no pattern").run(&["inspect", "[.csv"]).says(&["pattern"]),
        with_files("init over a file").run(&["init", "t.csv", "-o", "p.yaml"]).says(&["p.yaml", "--force"]),
        with_files("init into no folder").run(&["init", "t.csv", "-o", "no/p.yaml"]).says(&["no"]),
        case("verify: no folder").run(&["verify", "absent"]).says(&["absent"]),
        case("verify: no run").before("mkdir d").run(&["verify", "d"]).says(&["run.json"]),
        case("verify: a broken record").file("d/run.json", "{").run(&["verify", "d"]).says(&["run.json"]),
        case("verify: a deep record").file("d/run.json", "[".repeat(100_000)).run(&["verify", "d"]).says(&["run.json"]),
        case("verify: a record of another program")
            .file("d/run.json", "{\"a\": 1}")
            .run(&["verify", "d"])
            .says(&["run.json"]),
        case("report: no run").before("mkdir d").run(&["report", "d"]).says(&["d"]),
        case("plot: no run").before("mkdir d").run(&["plot", "d", "--color-by", "x"]).says(&["d"]),
        case("plot: no color").before("mkdir d").run(&["plot", "d"]).says(&["d", "run.json"]),
        case("plot: unknown format").run(&["plot", "d", "--color-by", "x", "--format", "gif"]).says(&["svg"]),
        case("clean: no run").before("mkdir d").run(&["clean", "d"]).says(&["d"]),
        case("place: no run").file("t.csv", numbers(9, 3)).before("mkdir d").run(&["place", "d", "t.csv"]).says(&["d"]),
        case("sample: no row").run(&["sample", "m", "-n", "0"]).says(&["zero"]),
        case("sample: a negative number").run(&["sample", "m", "-n", "-5"]).says(&["-5"]),
        case("score: a table too few").file("t.csv", numbers(9, 3)).run(&["score", "t.csv"]).says(&["<CODES>"]),
        case("score: other rows")
            .file("t.csv", numbers(40, 3))
            .file("c.csv", numbers(30, 2))
            .run(&["score", "t.csv", "c.csv"])
            .says(&["30 rows", "40"]),
        case("score: no neighbor").run(&["score", "t.csv", "c.csv", "--neighbors", "0"]).says(&["zero"]),
        case("completions: unknown shell").run(&["completions", "dos"]).says(&["bash"]),
    ]);
    assert!(count >= 50, "{count} cases");
}
