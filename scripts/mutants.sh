#!/usr/bin/env bash
# Do the tests notice? Each edit below is a plausible mistake, and must make the test fail that is named with it.
#
#   scripts/mutants.sh          all of them
#   scripts/mutants.sh WORD     those whose name has WORD in it
#
# Works on a copy of the tree, uncommitted changes included, in target/mutants; nothing else is written. An edit whose text is
# not found exactly once, or that does not compile, is an error: so is a test that fails without it, or is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
tree=$root/target/mutants/tree
export CARGO_TARGET_DIR=$root/target/mutants/build
word=${1:-}

names=() files=() befores=() afters=() packages=() tests=()

# mutant NAME FILE BEFORE AFTER PACKAGE TEST
mutant() {
    case $1 in *"$word"*) ;; *) return 0 ;; esac
    names+=("$1") files+=("$2") befores+=("$3") afters+=("$4") packages+=("$5") tests+=("$6")
}

core=arm-core/src
desktop=arm-std/desktop/src

# Of an estimator with two units means, variances and covariance are compared with enumeration.
mutant 'rodeo: the context has the own f in it' $desktop/estimators/relaxed/rodeo.rs \
    'sample.context = (f_sum - f[s]) / others;' 'sample.context = f_sum / others;' \
    arm-tests estimators::two_units::rodeo
mutant 'rodeo: flips have the probability of staying' $desktop/estimators/relaxed/rodeo.rs \
    'self.score.iter().map(move |s| s.abs() / width)' 'self.score.iter().map(move |s| (1.0 - s.abs()) / width)' \
    arm-tests estimators::two_units::rodeo
mutant 'rebar: the conditional sample is off by 0.05' $desktop/estimators/relaxed/relax.rs \
    '(*given, *slope) = conditional(*phi, b, *v);' '(*given, *slope) = conditional(*phi + 0.05, b, *v);' \
    arm-tests estimators::two_units::rebar
mutant 'relax: the conditional sample has no gradient' $desktop/estimators/relaxed/relax.rs \
    'let by_s = slope_of(free) - j * slope_of(given);' 'let by_s = slope_of(free) - slope_of(given);' \
    arm-tests estimators::two_units::relax
mutant 'double-cv: what the baseline adds is not taken off' $desktop/estimators/relaxed/double_cv.rs \
    '(r * score - variance * (sum - g) / others) / k as f32' 'r * score / k as f32' \
    arm-tests estimators::two_units::double_control_variates
mutant 'nvil: without its centre' $desktop/estimators/relaxed/nvil.rs \
    '(residual - self.centre()) * if seen' 'residual * if seen' \
    arm-tests estimators::two_units::nvil
mutant 'muprop: without f at the probabilities' $desktop/estimators/relaxed/muprop.rs \
    'rows.f[row] - f[row] - linear' 'rows.f[row] - linear' \
    arm-tests estimators::two_units::muprop
mutant 'reinmax: straight-through' $desktop/estimators/relaxed/biased.rs \
    '0.5 * (b - p).abs()' 'p * (1.0 - p) + 0.0 * b' \
    arm-tests estimators::two_units::biased_with_the_gradient_of_f
mutant 'vimco: without its baseline' $core/estimator/multi/vimco.rs \
    '*s = replaced(f, k, others) - all +' '*s = 0.0 * replaced(f, k, others) - all +' \
    arm-tests estimators::two_units::vimco
mutant 'ovis: the constant is forgotten' $core/estimator/multi/ovis.rs \
    '{ *w + few }' '{ *w + 0.0 * few }' \
    arm-tests estimators::two_units::ovis
mutant 'arms-bound: without antithetic draws' $core/estimator/multi/arms_bound.rs \
    'dirichlet(antithetic, stride, width);' 'mark(antithetic); let _ = (dirichlet as fn(_, _, _), stride, width);' \
    arm-tests estimators::two_units::arms_bound
mutant 'arms: without the correction for correlation' $core/estimator/multi/arms.rs \
    'large * small / (small - both)' 'large * small / small' \
    arm-tests estimators::two_units::several_samples
mutant 'local-disarm: symmetrised without its partner' $core/estimator/pairs/local_disarm.rs \
    '0.5 * (row.weight * s + row.partner_weight * s_partner)' 'row.weight * s + 0.0 * s_partner' \
    arm-tests estimators::two_units::pairs
mutant 'arm: the pair is not antithetic' $core/estimator/pairs/arm.rs \
    'partner: u < p, score: u - 0.5' 'partner: u > 0.99 * q, score: u - 0.5' \
    arm-tests estimators::two_units::pairs
mutant 'disarm: the smaller probability' $core/estimator/pairs/disarm.rs \
    '0.5 * if p > q { p } else { q }' '0.5 * if p > q { q } else { p }' \
    arm-tests estimators::two_units::pairs
mutant 'ugc: another threshold' $core/estimator/flips/ugc.rs \
    'width.saturating_mul(2)' 'width.saturating_mul(3)' \
    arm-tests estimators::two_units::flips
mutant 'flips: the sign is that of the partner' $core/engine/second_path/beyond_pairs.rs \
    'let main = layout.samples_of(t, scratch.samples);
        let per_row = layout.per_row(scratch.per_row);
        let flipped' 'let main = layout.samples_of(t, scratch.partners);
        let per_row = layout.per_row(scratch.per_row);
        let flipped' \
    arm-tests estimators::two_units::flips

# Kernels and optimisers.
mutant 'log q: a logarithm too many' $core/kernels/portable/bernoulli.rs \
    '0.5 * self.sums.twice - self.logs' '0.5 * self.sums.twice - 1.001 * self.logs' \
    arm-core kernels::simd::tests::bits_of_portable
mutant 'outer: a vector keeps terms that do not count' $core/kernels/simd/matrix.rs \
    '(V::load(g) + (c * d).significant()).store(g)' '(V::load(g) + (c * d)).store(g)' \
    arm-core kernels::simd::tests::bits_of_portable
mutant 'adam: the second moment is not corrected' $core/optim.rs \
    '1.0 / sqrt(1.0 - power(beta2))' '1.0 / sqrt(1.0 - powi(beta2, t + 1))' \
    arm-core optim::tests::adam_follows_algorithm_1
mutant 'learner: a step that was refused draws the same again' $core/learner/incremental.rs \
    'self.core.held.state.steps = self.core.held.state.steps.wrapping_add(1);' '' \
    arm-core learner::tests::a_refused_step_draws_fresh_samples

# What is written is what is read.
mutant 'codec: the checksum leaves out the header' $core/storage/codec/mod.rs \
    'let (mut out, mut crc) = (Packer { piece: [0; PIECE], used: 0 }, CRC.digest());
    for word in header.chain(values) {
        crc.update(&word.to_le_bytes());' \
    'let (mut out, mut crc) = (Packer { piece: [0; PIECE], used: 0 }, CRC.digest());
    for (i, word) in header.chain(values).enumerate() {
        if i > 0 { crc.update(&word.to_le_bytes()); }' \
    arm-core storage::codec::tests::the_format_is_fixed
mutant 'codec: infinite parameters are written' $core/storage/codec/stored.rs \
    'self.abs() <= LIMIT' 'self.abs() <= LIMIT || self.is_infinite()' \
    arm-core storage::codec::tests::parameters_no_step_can_use_are_refused_both_ways
mutant 'record: the newest slot is overwritten' $core/storage/record/mod.rs \
    '(Slot::Loads { sequence }, _) => (1, sequence),' '(Slot::Loads { sequence }, _) => (0, sequence),' \
    arm-core storage::record::tests::one_slot_loads_wherever_power_is_lost
mutant 'record: numbers that wrap' $core/storage/record/mod.rs \
    'a.wrapping_sub(b) as i32 > 0' 'a > b' \
    arm-core storage::record::tests::sequence_numbers_wrap

[ ${#names[@]} -gt 0 ] || { echo "mutants: none has \`$word\` in its name" >&2; exit 1; }

rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null --files-from=- -cf - | tar -C "$tree" -xf -
cd "$tree"
# A build that was left with an edit in it must not pass for one of the file as it is.
touch "${files[@]}"

# passes PACKAGE TEST [--no-run]
passes() {
    local target=--lib
    [ "$1" != arm-tests ] || target="--test main"
    # Quick builds: what computes a little, all else not at all.
    # shellcheck disable=SC2086
    timeout "${limit:-900}" cargo test --quiet --config 'profile.test.debug=0' --config 'profile.test.package.arm-core.opt-level=1' \
        --config 'profile.test.package.arm-tests.opt-level=1' --config 'profile.test.package.arm-desktop.opt-level=0' \
        --config 'profile.test.package.arm-simd.opt-level=0' \
        -p "$1" $target ${3:-} -- --exact "$2"
}

# edited I: the file of edit I with it, and a dot.
edited() {
    local text rest before=${befores[$1]}
    text=$(cat "${files[$1]}"; echo .)
    rest=${text#*"$before"}
    if [ "$rest" = "$text" ] || [ "${rest#*"$before"}" != "$rest" ]; then
        echo "mutants: ${names[$1]}: its text is not in ${files[$1]}, or more than once" >&2
        return 1
    fi
    printf '%s' "${text%%"$before"*}${afters[$1]}$rest"
}

for i in "${!names[@]}"; do edited "$i" >/dev/null; done

echo "without an edit the tests pass"
for i in "${!names[@]}"; do printf '%s %s\n' "${packages[i]}" "${tests[i]}"; done | sort -u | while read -r package test; do
    # The first of a package builds all that it needs.
    out=$(limit=0 passes "$package" "$test" --no-run 2>&1) || { echo "$out"; echo "mutants: $package does not compile" >&2; exit 1; }
    out=$(passes "$package" "$test" 2>&1) || { echo "$out"; echo "mutants: $package $test fails as it is" >&2; exit 1; }
    grep -q '^test result: ok. 1 passed' <<<"$out" || { echo "mutants: $package has no test $test" >&2; exit 1; }
done

survivors=()
for i in "${!names[@]}"; do
    cp -p "${files[i]}" kept
    text=$(edited "$i")
    printf '%s' "${text%.}" >"${files[i]}"
    passes "${packages[i]}" "${tests[i]}" --no-run >log 2>&1 ||
        { cat log; echo "mutants: ${names[i]}: does not compile" >&2; exit 1; }
    if passes "${packages[i]}" "${tests[i]}" >/dev/null 2>&1; then
        echo "SURVIVED  ${names[i]} (${tests[i]})"
        survivors+=("${names[i]}")
    else
        echo "noticed   ${names[i]}"
    fi
    cat kept >"${files[i]}"
done

echo "$((${#names[@]} - ${#survivors[@]})) of ${#names[@]} edits were noticed"
[ ${#survivors[@]} -eq 0 ]
