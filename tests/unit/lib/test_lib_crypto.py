"""Keys, sealed values, keyed hashes, passwords, tokens."""

import hmac
import json
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import crypto
from lib.crypto import HashingBusy
from lib.keyring import BadKeyFile, Keyring, Tampered
from tests.support.patience import PATIENCE_S

RING = Keyring.ephemeral()
PEPPER = b"p" * 32


@pytest.fixture(autouse=True)
def cheap_hashes() -> Iterator[None]:
    crypto.use_cheap_hashes()
    yield
    crypto.use_cheap_hashes()


# --- sealing --------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_was_sealed_opens_in_its_place_only(plain: bytes, aad: str) -> None:
    sealed = RING.seal(plain, aad)
    assert RING.open(sealed, aad) == plain
    assert len(sealed) == len(plain) + 33
    with pytest.raises(Tampered):
        RING.open(sealed, aad + "x")


def test_equal_values_do_not_look_equal() -> None:
    assert RING.seal(b"same", "a") != RING.seal(b"same", "a")


def test_every_changed_bit_is_noticed() -> None:
    sealed = RING.seal(b"13800138000", "user|phone|1")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            RING.open(bytes(changed), "user|phone|1")


@pytest.mark.parametrize("length", [0, 1, 5, 17, 32])
def test_a_cut_value_is_noticed(length: int) -> None:
    with pytest.raises(Tampered):
        RING.open(RING.seal(b"", "a")[:length], "a")


def test_another_installation_cannot_open_it() -> None:
    with pytest.raises(Tampered, match="没有对应的密钥"):
        Keyring.ephemeral().open(RING.seal(b"x", "a"), "a")


def test_threads_may_share_a_ring() -> None:
    def work(number: int) -> bool:
        plain = bytes([number % 256]) * 1000
        return all(RING.open(RING.seal(plain, str(number)), str(number)) == plain for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


# --- keyed hashes ---------------------------------------------------------------------------------------------------


def test_an_index_depends_on_purpose_value_and_keys() -> None:
    hashes = {
        RING.index("number", "219901"),
        RING.index("phone", "219901"),
        RING.index("number", "219902"),
        RING.mac("number", b"219901"),
        Keyring.ephemeral().index("number", "219901"),
    }
    assert len(hashes) == 5
    assert {len(value) for value in hashes} == {32}
    assert RING.index("number", "219901") == RING.index("number", "219901")


def test_parts_of_a_mac_cannot_flow_into_each_other() -> None:
    assert len({RING.mac("p", b"ab", b"c"), RING.mac("p", b"a", b"bc"), RING.mac("p", b"abc"), RING.mac("p")}) == 4


def test_no_two_purposes_share_a_key() -> None:
    purposes = ["pepper", "index|a", "mac|a", "a"]
    assert len({RING.derive(purpose) for purpose in purposes}) == len(purposes)
    assert RING.pepper == RING.derive("pepper")


# --- the key file ---------------------------------------------------------------------------------------------------


def test_a_key_file_is_private_and_gives_the_same_keys_again(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = Keyring.create(path)
    loaded = Keyring.load(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert loaded.open(made.seal(b"x", "a"), "a") == b"x"
    assert loaded.index("p", "v") == made.index("p", "v")
    assert [entry.name for entry in tmp_path.iterdir()] == ["keys.json"]


def test_a_key_file_is_never_replaced_by_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Keyring.create(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        Keyring.create(path)
    assert path.read_bytes() == before


def test_of_two_processes_that_start_at_once_one_makes_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"

    def start(_number: int) -> bool:
        try:
            Keyring.create(path)
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(16))) == 1
    Keyring.load(path)


def test_a_rotation_is_noticed_by_every_process_and_opens_with_both_keys(tmp_path: Path) -> None:
    """``other`` is the ring of another process: it has read the file before."""
    path = tmp_path / "keys.json"
    ring = Keyring.create(path)
    other = Keyring.load(path)
    sealed, found, kept = ring.seal(b"x", "a"), ring.index("phone", "1"), ring.index("receipt", "1")

    ring.replace_file(ring.keys.with_prepared())
    assert ring.is_current(ring.seal(b"x", "a"))
    assert ring.is_current(sealed)
    ring.replace_file(ring.keys.switched())
    assert not ring.is_current(sealed)
    assert other.open(ring.seal(b"y", "a"), "a") == b"y"
    assert other.is_current(other.seal(b"z", "a"))
    assert other.seal(b"z", "a")[:5] == ring.head
    assert other.open(sealed, "a") == b"x"
    assert ring.indexes("phone", "1")[1] == found != ring.index("phone", "1")
    assert [one.indexes("receipt", "1") for one in (ring, other)] == [[kept], [kept]]

    ring.replace_file(ring.keys.without(ring.keys.old))
    only = Keyring.load(path)
    assert only.indexes("phone", "1") == [ring.index("phone", "1")]
    with pytest.raises(Tampered):
        only.open(sealed, "a")


def test_a_running_process_does_not_take_over_a_foreign_or_older_key_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    ring = Keyring.create(path)
    older = path.read_bytes()
    ring.replace_file(ring.keys.with_prepared().switched())
    value = ring.seal(b"x", "a")
    for content in (older, Keyring.ephemeral().keys.as_json(), b"{"):
        path.write_bytes(content)
        ring.look_again()
        assert ring.open(value, "a") == b"x"


def test_a_key_file_of_before_finds_what_it_has_always_found(tmp_path: Path) -> None:
    """Its one master made every hash, and still makes those that do not rotate."""
    path = tmp_path / "keys.json"
    content = json.loads(Keyring.ephemeral().keys.as_json())
    del content["lookup"], content["prepared"]
    path.write_text(json.dumps(content))
    ring = Keyring.load(path)
    old = hmac.digest(ring.derive("index|phone"), b"1", "sha256")
    assert ring.index("phone", "1") == old
    ring.replace_file(ring.keys.with_prepared().switched())
    assert Keyring.load(path).indexes("phone", "1") == [ring.index("phone", "1"), old]
    ring.replace_file(ring.keys.without(ring.keys.old))
    assert Keyring.load(path).indexes("phone", "1") == [ring.index("phone", "1")]


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def edit(content: bytes) -> bytes:
        data = json.loads(content)
        change(data)
        return json.dumps(data).encode()

    return edit


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:40],
        lambda content: b"\xff" + content,
        lambda content: b"[]",
        edited(lambda data: data.pop("index")),
        edited(lambda data: data.update(index="AAAA")),
        edited(lambda data: data.update(index="?" * 44)),
        edited(lambda data: data.update(index=7)),
        edited(lambda data: data.update(sealing=[])),
        edited(lambda data: data.update(current="00000000")),
        edited(lambda data: data["sealing"].update({"zz": data["index"]})),
        edited(lambda data: data["sealing"].update({"00": data["index"]})),
        edited(lambda data: data["sealing"].update({"AAAAAAAA": data["index"]})),
    ],
)
def test_a_damaged_key_file_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "keys.json"
    Keyring.create(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadKeyFile, match=r"keys\.json"):
        Keyring.load(path)


# --- passwords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["correct horse", "密码密码密码密码", "é" * 8, "\ud800" * 8, "x" * 64, ""])
@pytest.mark.parametrize("staff", [False, True])
def test_only_the_right_password_with_the_right_pepper_matches(password: str, staff: bool) -> None:
    made = crypto.hash_password(password, staff=staff, pepper=PEPPER)
    assert crypto.check_password(made, password, pepper=PEPPER)
    assert not crypto.check_password(made, password + "x", pepper=PEPPER)
    assert not crypto.check_password(made, password, pepper=b"q" * 32)


def test_two_keyboards_may_compose_a_letter_differently() -> None:
    made = crypto.hash_password("cafe\u0301 1234", staff=False, pepper=PEPPER)
    assert crypto.check_password(made, "caf\u00e9 1234", pepper=PEPPER)


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$AAAA"])
def test_an_unusable_hash_matches_nothing_and_costs_the_same(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[str] = []
    monkeypatch.setattr(crypto, "dummy_check", lambda password, staff, pepper: spent.append(password))
    assert not crypto.check_password(stored, "whatever", pepper=PEPPER)
    assert spent == ["whatever"]


def test_parameters_are_those_we_chose() -> None:
    crypto.use_cheap_hashes(False)
    applicant = crypto.hash_password("correct horse", staff=False, pepper=PEPPER)
    staff = crypto.hash_password("correct horse", staff=True, pepper=PEPPER)
    crypto.dummy_check("correct horse", False, PEPPER)

    assert applicant.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert staff.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert not crypto.needs_rehash(applicant, False)
    assert not crypto.needs_rehash(staff, True)
    assert crypto.needs_rehash(applicant, True)
    crypto.use_cheap_hashes()
    assert crypto.check_password(applicant, "correct horse", pepper=PEPPER)
    assert crypto.needs_rehash(applicant, False)


class SlowHasher:
    """Replaces Argon2: holds its place until released, and counts how many are held together."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    def hash(self, _password: bytes) -> str:
        self.begun.release()
        self.go.wait(PATIENCE_S)
        return "hash"

    def wait_for(self, number: int) -> None:
        """Until so many more have begun."""
        for _one in range(number):
            assert self.begun.acquire(timeout=PATIENCE_S)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowHasher]:
    hasher = SlowHasher()
    monkeypatch.setitem(crypto._hashers, False, hasher)
    yield hasher
    hasher.go.set()


class Turnstile(threading.BoundedSemaphore):
    """Two places that count the requests for one."""

    def __init__(self) -> None:
        super().__init__(2)
        self.asked = 0

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        self.asked += 1
        return super().acquire(blocking, timeout)


def hash_one(_number: int = 0) -> str:
    return crypto.hash_password("correct horse", staff=False, pepper=PEPPER)


def test_no_more_than_two_hash_at_once(slow: SlowHasher) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(hash_one) for _ in range(8)]
        slow.wait_for(2)
        assert not slow.begun.acquire(timeout=0.1), "a third one has begun"
        slow.go.set()
        assert [result.result() for result in results] == ["hash"] * 8


def test_who_waits_too_long_is_told_and_the_place_stays_usable(
    slow: SlowHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(hash_one) for _ in range(2)]
        slow.wait_for(2)
        monkeypatch.setattr(crypto, "_QUEUE_TIMEOUT_S", 0.02)
        with pytest.raises(HashingBusy):
            hash_one()
        slow.go.set()
        assert [result.result() for result in held] == ["hash"] * 2
    assert hash_one() == "hash"


def test_a_full_queue_turns_people_away_at_once(slow: SlowHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "_queue_slots", threading.BoundedSemaphore(2))
    slots = Turnstile()
    monkeypatch.setattr(crypto, "_running_slots", slots)
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(hash_one) for _ in range(2)]
        slow.wait_for(2)
        with pytest.raises(HashingBusy):
            hash_one()
        assert slots.asked == 2, "the third one does not wait for a place"
        slow.go.set()
        assert [result.result() for result in held] == ["hash"] * 2
    assert hash_one() == "hash"


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_tokens_are_long_different_and_kept_as_hashes() -> None:
    tokens = {crypto.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}
    assert len({crypto.token_hash(token) for token in tokens}) == 100
    assert crypto.token_hash("abc").hex().startswith("ba7816bf")
    assert len(crypto.token_hash("\ud800")) == 32


@pytest.mark.parametrize("digits", [6, 8])
def test_codes_have_all_their_digits(digits: int) -> None:
    codes = [crypto.new_code(digits) for _ in range(300)]
    assert {len(code) for code in codes} == {digits}
    assert all(code.isascii() and code.isdecimal() for code in codes)
    assert any(code.startswith("0") for code in codes)
