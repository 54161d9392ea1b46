"""Settings come from the environment or jiesu.toml, are checked at once, and keep their secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from jiesu.settings import load_settings
from letters.errors import SettingsError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_setting_everything_lies_in_var(here: Path) -> None:
    settings = load_settings()
    assert (str(settings.home), settings.bus) == ("var", "embedded")
    assert settings.database() == f"sqlite:///{here / 'var' / 'jiesu.sqlite3'}"
    assert (settings.bureau / "units.csv").is_file()


def test_the_environment_wins_over_the_file_and_empty_means_absent(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "jiesu.toml").write_text('home = "/srv/jiesu"\nbatch = 100\nport = 9000\n')
    monkeypatch.setenv("JIESU_BATCH", "200")
    monkeypatch.setenv("JIESU_PORT", "")
    settings = load_settings()
    assert (str(settings.home), settings.batch, settings.port) == ("/srv/jiesu", 200, 9000)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("batch = 0", "JIESU_BATCH"),
        ("bacth = 5", "JIESU_BACTH"),
        ("batch = ", "jiesu.toml"),
        ("dead_share = 2", "JIESU_DEAD_SHARE"),
    ],
)
def test_a_wrong_setting_is_named(here: Path, toml: str, says: str) -> None:
    (here / "jiesu.toml").write_text(toml + "\n")
    with pytest.raises(SettingsError, match=says):
        load_settings()


def test_secrets_are_told_neither_by_the_settings_nor_by_an_error(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIESU_KEY", "geheim-key")
    monkeypatch.setenv("JIESU_DATABASE_URL", "postgresql://jiesu:geheim@db/jiesu")
    assert "geheim" not in repr(load_settings())
    assert load_settings().database() == "postgresql://jiesu:geheim@db/jiesu"
    monkeypatch.setenv("JIESU_BATCH", "geheim")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert "geheim" not in str(told.value)
