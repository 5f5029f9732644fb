# Builds, runs, tests and installs Fettle; `make help` lists the targets.

PORT     ?= 8000
DATA     ?= build/run
EXAMPLE  ?=
RELEASE  := 1.1.0
# the version of the package: that of the release at its tag; a later commit has a higher one
GIT       = TZ=UTC git -c safe.directory='*'
LATER     = at=$$($(GIT) log -1 --date=format-local:%Y%m%d.%H%M%S --format=%cd 2> /dev/null) && echo "+$$at.$$($(GIT) rev-list --count HEAD)"
VERSION  ?= $(RELEASE)$(shell $(GIT) describe --exact-match --match 'v$(RELEASE)' > /dev/null 2>&1 || { $(LATER); })
PREFIX   ?= /usr
DESTDIR  ?=
SANITIZE ?=
# debug or coverage: compiles with other options, into a separate directory
VARIANT  ?=
BESIDE   ?=
CHANGED  ?=
# runs only tests whose names contain one of these words; the tests read it from the environment
export ONLY

B        := build$(if $(SANITIZE)$(VARIANT),/$(or $(SANITIZE),$(VARIANT)))
HANDLERS := $(patsubst handlers/%.cpp,$(B)/handlers/%,$(sort $(wildcard handlers/*.cpp)))
OBJECTS  := $(patsubst lib/%.cpp,$(B)/lib/%.o,$(sort $(wildcard lib/*/*.cpp)))
TOOLS    := $(patsubst tools/fettle/%.cpp,$(B)/objects/tools/%.o,$(sort $(wildcard tools/fettle/*.cpp)))
UNITS    := $(patsubst tests/unit/%.cpp,$(B)/tests/unit/%.o,$(sort $(wildcard tests/unit/*.cpp)))
FUZZED   := $(patsubst tests/fuzz/%.cpp,$(B)/tests/fuzz/%,$(filter-out %/main.cpp,$(sort $(wildcard tests/fuzz/*.cpp))))
# handlers that only tests use
PROGRAMS := $(patsubst tests/programs/%.cpp,$(B)/tests/programs/%,$(sort $(wildcard tests/programs/*.cpp)))
SOURCES  := $(sort $(wildcard lib/*/*.cpp handlers/*.cpp tools/fettle/*.cpp tests/unit/*.cpp tests/fuzz/*.cpp tests/programs/*.cpp))
# all object files, for `make lint`, which does not link
COMPILED  = $(OBJECTS) $(TOOLS) $(UNITS) $(HANDLERS:$(B)/handlers/%=$(B)/objects/handlers/%.o) \
            $(patsubst tests/fuzz/%.cpp,$(B)/tests/fuzz/%.o,$(sort $(wildcard tests/fuzz/*.cpp)))
DESCRIBED = $(HANDLERS:$(B)/handlers/%=$(B)/describe/%.json)

CXX      ?= g++
comma    := ,
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full $(if $(SANITIZE)$(VARIANT),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
CHECKED  := $(if $(SANITIZE),-fsanitize=$(SANITIZE)$(if $(filter address,$(SANITIZE)),$(comma)undefined) -fno-omit-frame-pointer -g)
# coverage counters are atomic, because handlers have threads
BUILT     = $(CHECKED) $(if $(filter coverage,$(VARIANT)),--coverage -fprofile-update=atomic)
CXXFLAGS ?= $(if $(VARIANT),-Og -g$(if $(filter debug,$(VARIANT)),3),$(if $(SANITIZE),-O1,-O2))
FLAGS     = -std=c++20 -Wall -Wextra -Ilib -MMD -MP -fPIE -pthread -ffunction-sections -fdata-sections -DFETTLE_RELEASE=\"$(RELEASE)\" $(HARDEN) $(BUILT) $(CXXFLAGS)
UNITFLAGS = -DBOOST_TEST_DYN_LINK
LINK      = $(CXX) $(BUILT) -pie -pthread -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS)
LIBS     := -lfcgi -lcgicc -lpqxx -lpq -lboost_json -largon2 -lzxcvbn -ljwt -lmagic -lcrypto -lturbojpeg -lpng -lwebp

.PHONY: all debug docs validator eslint run test unit test-deploy fuzz coverage format lint examples golden grants bench install deb clean help
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules -j$(shell nproc)

ifneq ($(filter-out debug coverage,$(VARIANT)),)
$(error VARIANT must be debug, coverage or empty)
endif
ifneq ($(and $(SANITIZE),$(VARIANT)),)
$(error SANITIZE and VARIANT are separate builds: set only one of them)
endif

all: $(B)/compile_commands.json $(HANDLERS) $(B)/fettle $(B)/nginx/routes.conf $(B)/permissions.sql $(B)/database_roles.sql $(B)/statements.sql $(B)/openapi.json docs

help:
	@echo 'Build and run'
	@echo '  make           build the handlers and the command fettle into build/'
	@echo '  make debug     build for a debugger (-Og -g3) into build/debug/; VARIANT=debug runs or tests that build'
	@echo '  make run       serve on 127.0.0.1:PORT (8000) until Ctrl-C; data are kept in DATA (build/run);'
	@echo '                 EXAMPLE=1 fills an unused DATA with an example workshop'
	@echo '  make clean     remove everything that was built, and the data of make run in build/run'
	@echo 'Test'
	@echo '  make unit      build and run only the unit tests: they need no database and no browser'
	@echo '  make test      build and run every test; SANITIZE=address or SANITIZE=thread checks memory or threads;'
	@echo '                 ONLY="http/tasks live/jwt" runs the tests whose names contain one of these words'
	@echo '  make coverage  run the tests, or ONLY, and print how many lines of lib and handlers they reach'
	@echo '  make test-deploy  as root: boot a temporary machine, install Fettle there, restart, crash and overload it'
	@echo '  make fuzz      search for input that breaks a parser, one minute for each; needs clang++'
	@echo '  make bench     measure requests per second, latency, CPU and memory for about 15 minutes, QUICK=1 for two;'
	@echo '                 BESIDE=DIR also measures one task with the build of another commit, in the same rounds'
	@echo 'Check and change the source'
	@echo '  make format    format all C++ in place with clang-format-19'
	@echo '  make lint      check format, layers, C++, Python, shell and JavaScript;'
	@echo '                 CHANGED=COMMIT runs clang-tidy-19 only on C++ that differs from that commit'
	@echo '  make examples  record the first good responses of the transcripts as examples for the documentation'
	@echo '  make golden    copy generated SQL, routes and OpenAPI to tests/golden; review the changes with git diff'
	@echo '  make grants    write sql/grants.sql: what the role of each handler may do in the database'
	@echo 'Install'
	@echo '  make install   copy what a server needs to DESTDIR and PREFIX (/usr); then run PREFIX/lib/fettle/setup'
	@echo '  make deb       build the Debian package build/deb/fettle_VERSION_ARCHITECTURE.deb'

debug:
	@MAKEFLAGS= $(MAKE) --no-print-directory VARIANT=debug all

run: all build/.packages-run
	@exec setpriv --pdeathsig TERM tools/dev/stack --build $(B) --data "$(DATA)" --port "$(PORT)" $(if $(filter 1,$(EXAMPLE)),--example)

test: all $(B)/tests/unit/run $(FUZZED) $(PROGRAMS) build/.packages-run build/.packages-test validator
	@exec setpriv --pdeathsig TERM python3 tests/run.py $(B) $(SANITIZE)

unit: $(B)/tests/unit/run
	@exec setpriv --pdeathsig TERM $< --report_level=short

# Only root can run these tests; for other users they print why they are skipped, so no packages are installed. The
# tests build the Debian package without a network, so its dependencies are installed first.
test-deploy: all build/.packages-run $(if $(filter 0,$(shell id -u)),build/.packages-deploy $(B)/fettle.8)
	@exec setpriv --pdeathsig TERM python3 tests/deploy/run.py $(B)

# compiles the files of lib that the parser needs with sanitizers, and with the instrumentation that finds new code
# paths
fuzz:
	@command -v clang++ > /dev/null || { echo 'clang++ is not installed; `make test` runs the same checks with fewer inputs' >&2; exit 1; }
	@mkdir -p build/fuzz/corpus/multipart
	@clang++ -std=c++20 -Ilib -g -O1 -fsanitize=fuzzer,address,undefined tests/fuzz/multipart.cpp lib/http/multipart.cpp lib/http/part_header.cpp lib/base/problem.cpp lib/base/unicode.cpp -lboost_json -o build/fuzz/multipart
	@cd build/fuzz && ./multipart -max_total_time=60 -max_len=20000 -print_final_stats=1 corpus/multipart ../../tests/fuzz/corpus/multipart

coverage: build/.packages-coverage
	@MAKEFLAGS= VARIANT=coverage exec tools/dev/coverage

format: build/.packages-format
	@find lib handlers tools tests -name '*.[ch]pp' -exec clang-format-19 -i {} +

lint: $(B)/compile_commands.json $(COMPILED) build/.packages-lint eslint
	@exec setpriv --pdeathsig TERM tools/dev/lint $(B) $(CHANGED)

examples: all build/.packages-run build/.packages-test
	@ONLY=http/ EXAMPLES=record exec setpriv --pdeathsig TERM python3 tests/run.py $(B)

golden: all $(HANDLERS:$(B)/handlers/%=$(B)/sql/%.sql)
	@mkdir -p tests/golden/sql
	@cp $(B)/nginx/routes.conf $(B)/permissions.sql $(B)/openapi.json tests/golden
	@rm -f tests/golden/sql/*.sql; cp $(B)/sql/*.sql tests/golden/sql
	@tools/dev/pages $(B)

grants: all build/.packages-run
	@setpriv --pdeathsig TERM tools/dev/stack --build $(B) --data build/grants --grants sql/grants.sql; \
	    status=$$?; tools/dev/stack --data build/grants --forget; exit $$status

bench: all build/.packages-run build/.packages-test build/.packages-bench
	@QUICK=$(QUICK) setpriv --pdeathsig TERM python3 tests/bench.py $(B) $(BESIDE)
	@[ "$(QUICK)" = 1 ] || exec setpriv --pdeathsig TERM python3 tests/bench_lists.py $(B)

$(B)/fettle.8: $(B)/fettle tools/fettle/fettle.h2m tools/fettle/manual build/.packages-install
	@tools/fettle/manual $< > $(B)/fettle.h2m
	@help2man --section 8 --no-info --version-string $(RELEASE) --include $(B)/fettle.h2m --output $@ $<

# replaces @…@ in installed files: the prefix, and the libraries of this machine that the sandbox needs
FILLED    = sed 's|@PREFIX@|$(PREFIX)|g; s|@LOADER@|'$$(LC_ALL=C readelf -l $(B)/fettle | sed -n 's/.*interpreter: \(.*\)]/\1/p')'|g; s|@LIBRARIES@|/lib/$(shell $(CXX) -print-multiarch)|g'
ROOT      = $(DESTDIR)$(PREFIX)
UNITS_IN  = $(ROOT)/lib/systemd/system

# drop-ins that several units share: TARGET=SOURCE, the installed path and the file in systemd/
DROP_INS := $(patsubst %,%.service.d/10-sandbox.conf=sandbox.conf,fettle@ fettle-) fettle-.service.d/20-command.conf=command.conf \
            $(patsubst %,fettle-%.service.d/30-scheduled.conf=scheduled.conf,audit-seal schedules sweep) \
            $(patsubst %,fettle@%.service.d/storage.conf=storage.conf,documents profile_picture)

install: all $(B)/fettle.8
	install -d $(ROOT)/lib/fettle/handlers $(ROOT)/lib/fettle/roles $(ROOT)/bin $(ROOT)/share/fettle/nginx $(ROOT)/share/fettle/docs \
	           $(ROOT)/share/fettle/sql/tables $(ROOT)/share/fettle/sql/functions $(ROOT)/share/fettle/sql/online $(ROOT)/share/doc/fettle $(ROOT)/share/man/man8 $(UNITS_IN) \
	           $(ROOT)/lib/sysusers.d $(ROOT)/lib/tmpfiles.d $(DESTDIR)/etc/fettle $(DESTDIR)/etc/nginx/sites-available
	install -m 755 $(HANDLERS) $(ROOT)/lib/fettle/handlers
	install -m 755 $(B)/fettle $(ROOT)/bin
	install -m 644 sql/tables/*.sql $(ROOT)/share/fettle/sql/tables
	install -m 644 sql/functions/*.sql $(ROOT)/share/fettle/sql/functions
	install -m 644 sql/online/*.sql $(ROOT)/share/fettle/sql/online
	install -m 644 $(B)/permissions.sql $(B)/database_roles.sql sql/grants.sql sql/example.sql $(ROOT)/share/fettle/sql
	install -m 644 nginx/http.conf nginx/server.conf $(B)/nginx/upstreams.conf $(B)/nginx/routes.conf $(ROOT)/share/fettle/nginx
	for conf in site site-tls docs metrics; do $(FILLED) nginx/$$conf.conf > $(ROOT)/share/fettle/nginx/$$conf.conf; done
	install -m 644 $(B)/openapi.json $(ROOT)/share/fettle
	if [ -e build/docs/index.html ]; then install -m 644 build/docs/* $(ROOT)/share/fettle/docs; fi
	for page in LICENSE *.md */README.md; do install -D -m 644 $$page $(ROOT)/share/doc/fettle/$$page; done
	gzip -9n < $(B)/fettle.8 > $(ROOT)/share/man/man8/fettle.8.gz
	for unit in systemd/*.service systemd/*.socket systemd/*.timer systemd/*.target; do \
	    $(FILLED) $$unit > $(UNITS_IN)/$${unit##*/}; done
	for folder in systemd/*.service.d; do install -D -m 644 -t $(UNITS_IN)/$${folder##*/} $$folder/*; done
	for drop_in in $(DROP_INS); do \
	    target=$(UNITS_IN)/$${drop_in%=*}; install -d $${target%/*} && $(FILLED) systemd/$${drop_in#*=} > $$target || exit 1; done
	install -m 644 systemd/tmpfiles.conf $(ROOT)/lib/tmpfiles.d/fettle.conf
	{ cat systemd/sysusers.conf; for handler in $(notdir $(HANDLERS)); do \
	      echo "u fettle_$$handler -:fettle \"Fettle handler $$handler\""; done; } > $(ROOT)/lib/sysusers.d/fettle.conf
	for handler in $(notdir $(HANDLERS)); do echo "PGUSER=fettle_$$handler" > $(ROOT)/lib/fettle/roles/$$handler; done
	$(FILLED) tools/packaging/setup > $(ROOT)/lib/fettle/setup; chmod 755 $(ROOT)/lib/fettle/setup
	[ -e $(DESTDIR)/etc/nginx/sites-available/fettle ] || $(FILLED) nginx/site.conf > $(DESTDIR)/etc/nginx/sites-available/fettle
	[ -e $(DESTDIR)/etc/fettle/fettle.env ] || $(B)/fettle settings | sed -e 's|^#PGHOST=.*|PGHOST=/run/postgresql|' -e 's|^#PGDATABASE=.*|PGDATABASE=fettle|' \
	    -e 's|^#PGUSER=.*|PGUSER=fettle|' -e 's|^#FETTLE_IDLE=.*|FETTLE_IDLE=600|' > $(DESTDIR)/etc/fettle/fettle.env
	chmod 644 $(DESTDIR)/etc/fettle/fettle.env $(DESTDIR)/etc/nginx/sites-available/fettle

PACKAGE   = build/deb/fettle_$(VERSION)_$(shell dpkg --print-architecture).deb
deb: all
	@rm -rf build/deb; mkdir -p build/deb
	@MAKEFLAGS= $(MAKE) -s --no-print-directory install PREFIX=/usr DESTDIR=$(CURDIR)/build/deb/root
	@tools/packaging/deb/build $(CURDIR)/build/deb/root $(VERSION) $(PACKAGE)
	@echo "  package $(PACKAGE)"

# For root, build/run has a link to data outside of the checkout, which are removed as well. A running dev stack is left
# alone.
clean:
	@if [ -d build/run ]; then tools/dev/stack --data build/run --forget; fi
	rm -rf build

# -- packages: checked once for each list, and installed if missing

# one list after another: apt has one lock
build/.packages-run: build/.packages-build
build/.packages-install: build/.packages-build
build/.packages-unit: build/.packages-build
build/.packages-test: build/.packages-run build/.packages-unit
build/.packages-coverage: build/.packages-test
build/.packages-format: build/.packages-build
build/.packages-lint: build/.packages-format
build/.packages-bench: build/.packages-test
build/.packages-deploy: build/.packages-run
build/.packages-web: build/.packages-build
build/.packages-%: tools/packaging/packages
	@mkdir -p build
	@tools/packaging/packages $* && touch $@

# -- C++

# how each source is compiled, for editors and clang-tidy; a directory is newer after a file was added or removed
COMMANDS = [$$ARGS.positional[] | {directory: $$folder, file: ., command: [$$compile, (select(startswith("tests/unit/")) | $$unit), "-c", .] | join(" ")}]
$(B)/compile_commands.json: Makefile $(sort $(dir $(SOURCES))) build/.packages-build
	@mkdir -p $(@D)
	@jq -n --arg folder '$(CURDIR)' --arg compile '$(CXX) $(FLAGS)' --arg unit '$(UNITFLAGS)' '$(COMMANDS)' --args $(SOURCES) > $@

$(B)/lib/%.o: lib/%.cpp Makefile build/.packages-build
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CXX) $(FLAGS) -c $< -o $@

$(B)/libfettle.a: $(OBJECTS)
	@rm -f $@
	@$(AR) rcs $@ $^

$(B)/objects/handlers/%.o: handlers/%.cpp Makefile build/.packages-build
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CXX) $(FLAGS) -c $< -o $@

$(B)/handlers/%: $(B)/objects/handlers/%.o $(B)/libfettle.a
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(LINK) $^ $(LIBS) -o $@

$(B)/objects/tools/%.o: tools/fettle/%.cpp Makefile build/.packages-build
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CXX) $(FLAGS) -c $< -o $@

$(B)/fettle: $(TOOLS) $(B)/libfettle.a
	@echo "  link $@"
	@$(LINK) $^ $(LIBS) -o $@

$(B)/tests/unit/%.o: tests/unit/%.cpp Makefile build/.packages-build build/.packages-unit
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CXX) $(FLAGS) $(UNITFLAGS) -c $< -o $@

$(B)/tests/unit/run: $(UNITS) $(B)/libfettle.a
	@echo "  link $@"
	@$(LINK) $^ $(LIBS) -lboost_unit_test_framework -o $@

$(B)/tests/programs/%.o: tests/programs/%.cpp Makefile build/.packages-build
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CXX) $(FLAGS) -c $< -o $@

$(B)/tests/programs/%: $(B)/tests/programs/%.o $(B)/libfettle.a
	@echo "  link $@"
	@$(LINK) $^ $(LIBS) -o $@

$(B)/tests/fuzz/%.o: tests/fuzz/%.cpp Makefile build/.packages-build
	@mkdir -p $(@D)
	@echo "  compile $<"
	@$(CXX) $(FLAGS) -c $< -o $@

$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/main.o $(B)/libfettle.a
	@echo "  link $@"
	@$(LINK) $^ $(LIBS) -o $@

# -- generated from the descriptions of the handlers (--describe)

$(B)/describe/%.json: $(B)/handlers/%
	@mkdir -p $(@D)
	@$< --describe > $@

# the SQL statements of a handler, for review
$(B)/sql/%.sql: $(B)/handlers/%
	@mkdir -p $(@D)
	@$< --sql > $@

$(B)/nginx/routes.conf: $(DESCRIBED) nginx/routes.jq
	@mkdir -p $(@D)
	@jq -rsf nginx/routes.jq --arg part upstreams $(DESCRIBED) > $(B)/nginx/upstreams.conf
	@echo "  generate $@"; jq -rsf nginx/routes.jq --arg part routes $(DESCRIBED) > $@

$(B)/permissions.sql: $(DESCRIBED) sql/permissions.jq
	@jq -rsf sql/permissions.jq $(DESCRIBED) > $@

$(B)/database_roles.sql: sql/database_roles.sql $(HANDLERS)
	@sed 's/@HANDLERS@/$(subst $() ,$(comma),$(notdir $(HANDLERS)))/' $< > $@

# the input of sql/derive/needed.sql, which finds the needed grants
$(B)/statements.sql: $(DESCRIBED) sql/derive/statements.jq
	@jq -rsf sql/derive/statements.jq $(DESCRIBED) > $@

$(B)/openapi.json: $(DESCRIBED) nginx/openapi.jq nginx/http.conf $(wildcard sql/tables/*.sql) tests/examples.json
	@echo "  generate $@"; jq -sf nginx/openapi.jq --rawfile nginx nginx/http.conf --arg tables "$$(cat sql/tables/*.sql)" \
	    --slurpfile examples tests/examples.json $(DESCRIBED) > $@

# -- fetched by npm: exactly what the lock file names; no install script of a package is run

build/%/.fetched: build/.packages-web
	@mkdir -p $(@D)
	@cp $(FETCHED_FOR)/package.json $(FETCHED_FOR)/package-lock.json $(@D)
	@echo "  fetch $(@D)"; npm ci --prefix $(@D) --ignore-scripts --prefer-offline --no-audit --no-fund --fetch-retries 1 \
	    > $(@D)/npm.log 2>&1 && touch $@ || { tail -5 $(@D)/npm.log; exit 1; } >&2
build/swagger-ui/.fetched: FETCHED_FOR = nginx/docs
build/swagger-ui/.fetched: nginx/docs/package-lock.json
build/validator/.fetched: FETCHED_FOR = tests/validator
build/validator/.fetched: tests/validator/package-lock.json
build/eslint/.fetched: FETCHED_FOR = tests/lint
build/eslint/.fetched: tests/lint/package-lock.json

# without a network, everything else is still built, served and tested
docs: build/.packages-build
	@MAKEFLAGS= $(MAKE) -s --no-print-directory build/docs/index.html || \
	    echo 'Swagger UI could not be fetched (the reason is above), so Fettle is built without /docs/. Run make again to retry.' >&2
validator: build/.packages-build
	@MAKEFLAGS= $(MAKE) -s --no-print-directory build/validator/.fetched || \
	    echo 'The OpenAPI validator could not be fetched (the reason is above), so its tests are skipped.' >&2
eslint: build/.packages-build
	@MAKEFLAGS= $(MAKE) -s --no-print-directory build/eslint/.fetched || \
	    echo 'ESLint could not be fetched (the reason is above), so JavaScript is not checked.' >&2

SWAGGER := build/swagger-ui/node_modules/swagger-ui-dist
build/docs/index.html: build/swagger-ui/.fetched $(wildcard nginx/docs/docs.* nginx/docs/*.html)
	@mkdir -p $(@D)
	@cp $(SWAGGER)/swagger-ui.css $(SWAGGER)/swagger-ui-bundle.js $(SWAGGER)/swagger-ui-bundle.js.LICENSE.txt $(@D)
	@cp $(SWAGGER)/LICENSE $(@D)/swagger-ui.LICENSE.txt; cp $(SWAGGER)/NOTICE $(@D)/swagger-ui.NOTICE.txt
	@cp nginx/docs/docs.css nginx/docs/docs.js nginx/docs/index.html $(@D)

-include $(wildcard $(B)/lib/*/*.d $(B)/objects/*/*.d $(B)/tests/unit/*.d $(B)/tests/fuzz/*.d $(B)/tests/programs/*.d)
