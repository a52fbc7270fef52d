#!/usr/bin/env bash
# Our t-SNE and openTSNE on the same codes, in turn: benches/peers/opentsne.sh TABLE.parquet [ROWS ...]
#
# Makes a virtual environment in target/peers-venv, with openTSNE built from its source over FFTW where this runs as
# root (its wheel has NumPy's slower transform), takes 32 principal components of TABLE's numbers as codes, and prints
# for each number of rows (10000 and 70000) both sides and the ratios of seconds and peak memory. Run it alone.
set -euo pipefail
cd "$(dirname "$0")/../.."
table=${1:?a Parquet table of numbers, with a column \`label\` if there is one}
shift
[ $# -gt 0 ] || set -- 10000 70000
venv=target/peers-venv
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  if [ "$(id -u)" = 0 ] && apt-get install -y --no-install-recommends libfftw3-dev >/dev/null; then
    "$venv/bin/pip" install --quiet --no-binary openTSNE -r benches/peers/requirements-opentsne.txt
  else
    echo "without FFTW: openTSNE takes NumPy's transform" >&2
    "$venv/bin/pip" install --quiet -r benches/peers/requirements-opentsne.txt
  fi
fi
bench=$(cargo bench --bench tsne --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\)).*/\1/p' | tail -n 1)
codes=$venv/codes.npy
"$venv/bin/python" benches/peers/opentsne.py codes "$table" "$codes" --columns 32
for rows in "$@"; do
  "$venv/bin/python" benches/peers/opentsne.py compare "$codes" --rows "$rows" --bench "$bench"
done
