# The environment is made when it is first needed and again when pyproject.toml or
# constraints.txt changes. All that has to be there is Python >= 3.12, git and make.

.DEFAULT_GOAL := help
.NOTPARALLEL: # two installs into one environment would trip over each other
.PHONY: help demo test slow check format bench docs library publish sensitivity history tournament games learners calibrate constraints clean

# A Python of your choice: make demo PYTHON=/path/to/python
PYTHON ?=

BIN := .venv/bin
TREE := .venv/tree

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

demo: .venv/.core ## run the escalator war and say where the report is
	@$(BIN)/agentsim run escalator_war

test: .venv/.dev ## run the tests
	@$(BIN)/python -m pytest -q -n 2 -m "not slow"

slow: .venv/.dev ## run the tests that take long: fits killed and gone on with, hanging clusters
	@$(BIN)/python -m pytest -q -n 2 -m slow

check: .venv/.dev ## style, types and the arrows between modules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@$(as_installed)
	cd $(TREE) && ../bin/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache
	cd $(TREE) && ../bin/lint-imports --no-logo --config ../../pyproject.toml

format: .venv/.dev ## put the code into the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: .venv/.core ## measure speed
	@$(BIN)/python benchmarks/bench.py
	@$(BIN)/python benchmarks/batches.py
	@$(BIN)/python benchmarks/games.py

docs: .venv/.core ## remake the generated tables in docs/
	@$(BIN)/python -m agentsim.report.tables docs/model.md

library: .venv/.core ## measure every strategy and write docs/library.md
	@$(BIN)/python -m agentsim.report.library docs/library.md

publish: .venv/.core ## run the headline experiment and quote it in the README
	@$(BIN)/agentsim run escalator_war --replace
	@$(BIN)/agentsim run escalation_step --replace
	@$(BIN)/python -m agentsim.report.publish results/escalator_war README.md
	@$(BIN)/python -m agentsim.report.findings_table results/escalator_war \
	    results/escalation_step docs/findings.md

sensitivity: .venv/.dev ## run the sensitivity experiments and quote them in docs/findings.md
	@$(BIN)/agentsim run sensitivity --replace
	@$(BIN)/agentsim run customers_capture --replace
	@$(BIN)/agentsim sensitivity results/sensitivity > results/sensitivity/sensitivity.txt
	@$(BIN)/agentsim discover results/customers_capture --above 0.95 > \
	    results/customers_capture/box.txt
	@$(BIN)/python -m agentsim.report.sensitivity_text results/sensitivity \
	    results/customers_capture docs/findings.md

history: .venv/.core ## hold the market against history and quote it in docs/findings.md
	@$(BIN)/agentsim backtest --replace > results/backtest.txt
	@$(BIN)/agentsim regularities --replace --out results/regularities > results/regularities.txt
	@$(BIN)/agentsim postures > results/postures.txt
	@$(BIN)/python -m agentsim.report.history_text results/backtest results/regularities \
	    results/postures docs/findings.md

tournament: .venv/.core ## hold the shipped tournament and quote it in docs/findings.md
	@$(BIN)/agentsim tournament tournament --replace > results/tournament.txt
	@$(BIN)/python -m agentsim.report.tournament_text results/tournament tournament docs/findings.md

GAMES := escalator_game_symmetric escalator_game escalator_game_firms dilemma_map \
    effort_game_theory effort_game chip_vendor_game custom_silicon_game credit_game memory_game layered_game

games: .venv/.core ## play the shipped games and quote them in docs/findings.md
	@for game in $(GAMES); do \
	    $(BIN)/agentsim game $$game --replace > results/$$game.txt || exit 1; \
	done
	@$(BIN)/python -m agentsim.report.games_section results docs/findings.md

# The tables are the same to the byte whenever nothing was changed: `git diff` says what was.
learners: .venv/.core ## train the strategies that learn, play known games and quote them in docs/findings.md
	@$(BIN)/python -m agentsim.learning results/learners
	@$(BIN)/python -m agentsim.learning.trials results/learners
	@$(BIN)/python -m agentsim.report.learning_text results/learners docs/findings.md

calibrate: .venv/.dev ## fit the marked assumptions to history, and ship the draws
	@$(BIN)/agentsim calibrate --replace
	@cp results/calibrate/draws.csv agentsim/calibration/fitted/2023Q1.csv

# The comment at the head of constraints.txt is kept.
constraints: ## pin the newest versions that pyproject.toml allows
	@$(find_python); env=$$(mktemp -d) && trap 'rm -rf "$$env"' EXIT && \
	"$$python" -m venv "$$env" && \
	"$$env/bin/python" -m pip install --quiet --disable-pip-version-check -e '.[dev]' && \
	"$$env/bin/python" -m pip freeze --exclude-editable > "$$env/frozen" && \
	{ sed -n '/^#/p' constraints.txt; grep -E '^[A-Za-z0-9._-]+==[^ ]+$$' "$$env/frozen"; } > "$$env/new" && \
	cp "$$env/new" constraints.txt

clean: ## remove build products and caches (.venv and results stay)
	rm -rf build dist agentsim.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache \
	    $(TREE)
	find agentsim strategies experiments tests benchmarks -name __pycache__ -type d \
	    -exec rm -rf {} + 2>/dev/null || true


# --- The environment ---------------------------------------------------------------------
#
# A stamp file says what is installed, so that nothing is installed twice.

.venv/.core: pyproject.toml constraints.txt
	@$(make_env)
	@echo "Installing agentsim into .venv (the first time takes a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt
	@$(make_env)
	@echo "Installing agentsim and its tools into .venv (the first time takes a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch .venv/.core $@

# Sets $python to a Python >= 3.12 that can make environments, or stops. Every candidate is
# run, and every folder of the PATH is looked into: a pyenv shim may exist and fail, and hide
# a sound Python behind it. Debian's python3 lacks ensurepip until python3-venv is installed.
define find_python
python= ; \
sound() { "$$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; }; \
search() { \
    version=$$(sed 's/^\([0-9]*\.[0-9]*\).*/\1/; q' .python-version); \
    IFS=:; \
    for name in "python$$version" python3.13 python3.14 python3.12 python3; do \
        for folder in $$PATH "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin; do \
            if [ -x "$$folder/$$name" ] && sound "$$folder/$$name"; then \
                echo "$$folder/$$name"; return; \
            fi; \
        done; \
    done; \
}; \
if [ -z "$(PYTHON)" ]; then python=$$(search); \
elif sound "$(PYTHON)"; then python="$(PYTHON)"; fi; \
if [ -z "$$python" ]; then \
    echo "No Python >= 3.12 with venv found: install one, or name one: make PYTHON=/path/to/python" >&2; \
    exit 1; \
fi
endef

# An environment whose Python is gone, or that was left half made, is made anew.
define make_env
$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
    $(find_python); \
    echo "Making .venv with $$python"; \
    "$$python" -m venv --clear .venv; \
}
endef

# mypy and import-linter follow paths and cannot use the import finder of an editable install,
# so they are shown the package as a wheel would lay it out (see Packaging in pyproject.toml):
# links to what is in agentsim/, and beside them the folders installed into it. The links are
# kept out of agentsim/ itself, because there setuptools would take them for the real folders
# and leave the mapping out of the finder.
define as_installed
mkdir -p $(TREE)/agentsim && \
for entry in agentsim/* strategies experiments; do \
    ln -sfn "$(CURDIR)/$$entry" "$(TREE)/agentsim/$${entry##*/}"; \
done && \
for link in $(TREE)/agentsim/*; do [ -e "$$link" ] || rm -f "$$link"; done
endef
