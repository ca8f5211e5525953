#!/bin/sh
# Makes sure that the browser tests find a Chromium: looks for one, else installs the distribution's package when this may
# be done without asking. A missing browser is an error where CI is set; elsewhere the tests say what they skip.
set -u

browser() {
    for name in "${KUAIJI_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && return 0
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

install() {
    # The fonts are for Chinese text on screenshots, the language pack for their date fields; no test depends on them.
    if command -v apt-get >/dev/null 2>&1; then
        export DEBIAN_FRONTEND=noninteractive
        as_root apt-get update -q >/dev/null 2>&1
        as_root apt-get install -q -y --no-install-recommends chromium >/dev/null || return 1
        as_root apt-get install -q -y --no-install-recommends fonts-wqy-microhei chromium-l10n >/dev/null 2>&1
    elif command -v dnf >/dev/null 2>&1; then
        as_root dnf install -q -y chromium >/dev/null || return 1
        as_root dnf install -q -y wqy-microhei-fonts >/dev/null 2>&1
    elif command -v pacman >/dev/null 2>&1; then
        as_root pacman -S --noconfirm --needed chromium >/dev/null || return 1
        as_root pacman -S --noconfirm --needed wqy-microhei >/dev/null 2>&1
    else
        return 1
    fi
    return 0
}

browser && exit 0
if may_install; then
    # Of two set-ups at once, the second waits and finds it installed.
    command -v flock >/dev/null && exec 9<"$0" && flock 9
    browser && exit 0
    echo "Installing Chromium for the browser tests (once; a few minutes) ..."
    install
    browser && exit 0
fi
echo "No Chromium found, and it could not be installed from here." >&2
echo "Install chromium or google-chrome, or name the program in KUAIJI_CHROMIUM." >&2
if [ -n "${CI:-}" ]; then
    exit 1
fi
echo "The browser tests will be skipped." >&2
