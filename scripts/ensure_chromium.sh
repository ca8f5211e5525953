#!/bin/sh
# Makes sure that the browser tests find a Chromium: best its headless shell, which takes half of the time of a Chromium
# with a window. Installs the distribution's package when this may be done without asking. A missing browser is an error
# where CI is set; elsewhere the tests say what they skip.
#
# A try for the headless shell that failed is not repeated for a day where another browser serves.
set -u

TRIED="${1:-.venv}/.headless-shell-tried"

found() {
    for name in "$@"; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

shell() {
    found "${KUAIJI_CHROMIUM:-}" chromium-headless-shell chrome-headless-shell
}

browser() {
    shell || found chromium chromium-browser google-chrome google-chrome-stable
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

install() {
    # Only Debian has the shell as a package. The fonts are for Chinese text on screenshots; no test depends on them.
    if command -v apt-get >/dev/null 2>&1; then
        export DEBIAN_FRONTEND=noninteractive
        as_root timeout 60 apt-get update -q >/dev/null 2>&1
        as_root timeout 300 apt-get install -q -y --no-install-recommends chromium-headless-shell >/dev/null 2>&1 ||
            browser || as_root apt-get install -q -y --no-install-recommends chromium >/dev/null || return 1
        as_root timeout 60 apt-get install -q -y --no-install-recommends fonts-wqy-microhei >/dev/null 2>&1
    elif command -v dnf >/dev/null 2>&1; then
        browser || as_root dnf install -q -y chromium >/dev/null || return 1
        as_root dnf install -q -y wqy-microhei-fonts >/dev/null 2>&1
    elif command -v pacman >/dev/null 2>&1; then
        browser || as_root pacman -S --noconfirm --needed chromium >/dev/null || return 1
        as_root pacman -S --noconfirm --needed wqy-microhei >/dev/null 2>&1
    else
        return 1
    fi
    return 0
}

shell && exit 0
browser && [ -n "$(find "$TRIED" -mmin -1440 2>/dev/null)" ] && exit 0
if may_install; then
    # Of two set-ups at once, the second waits and finds it installed.
    command -v flock >/dev/null && exec 9<"$0" && flock 9
    shell && exit 0
    echo "Installing Chromium's headless shell for the browser tests (once; a minute or two) ..."
    install
fi
shell && exit 0
touch "$TRIED" 2>/dev/null
browser && exit 0
echo "No Chromium found, and it could not be installed from here." >&2
echo "Install chromium-headless-shell, chromium or google-chrome, or name the program in KUAIJI_CHROMIUM." >&2
if [ -n "${CI:-}" ]; then
    exit 1
fi
echo "The browser tests will be skipped." >&2
