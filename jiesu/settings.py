"""Settings: the environment (`JIESU_…`) or a `jiesu.toml` goes in, one typed, checked value comes out."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from letters.errors import SettingsError

_REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE_BUREAU = _REPOSITORY / "bureaus" / "nankang"


class Settings(BaseSettings):
    """Every setting, in the environment as JIESU_<NAME>, in `jiesu.toml` as <name>; the environment wins."""

    model_config = SettingsConfigDict(
        env_prefix="JIESU_", toml_file="jiesu.toml", extra="forbid", env_ignore_empty=True
    )

    home: Path = Field(Path("var"), description="folder for run-time data: embedded bus, SQLite, key, models")
    bureau: Path = Field(EXAMPLE_BUREAU, description="the bureau's folder, like bureaus/nankang")
    bus: str = Field(
        "embedded",
        description="`embedded`, `embedded:/path` or `kafka://[user:password@]host:port[,host:port][?options]`",
    )
    database_url: SecretStr | None = Field(
        None, description="`postgresql+psycopg://user@host:port/name`; without it a SQLite file in the home"
    )
    key: SecretStr | None = Field(
        None, description="32 bytes in base64 that seal personal data; without it a key file in the home (mode 600)"
    )
    partitions: int = Field(6, ge=1, le=1000, description="partitions of the topics that all letters pass, on Kafka")
    replication: int = Field(
        1, ge=1, le=9, description="copies of each topic, on Kafka; 3 in a cluster of three or more"
    )
    batch: int = Field(500, ge=1, le=10_000, description="records a stage handles in one transaction at most")
    dead_share: float = Field(
        0.95, gt=0, le=1, description="a stage stops when more than this share of a topic's last records was refused"
    )
    dead_window: int = Field(1000, ge=1, description="how many last records `dead_share` is taken over")
    instance: str | None = Field(
        None,
        description="a worker's lasting name on Kafka: restarted within the session timeout it keeps its partitions",
    )
    port: int = Field(8110, ge=1, le=65535, description="port of the desk, metrics and health pages, on 127.0.0.1")
    log: str = Field(
        "warning", pattern="^(debug|info|warning|error)$", description="least level logged: debug, info, warning, error"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then jiesu.toml in the working folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def database(self) -> str:
        """The database's address."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home.absolute() / 'jiesu.sqlite3'}"


def load_settings(**given: object) -> Settings:
    """The settings, or a `SettingsError` that names each wrong one."""
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [
            f"{'JIESU_' + str(problem['loc'][0]).upper() if problem['loc'] else 'settings'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsError("; ".join(problems)) from None
    except ValueError as error:  # a jiesu.toml that is no TOML
        raise SettingsError(f"jiesu.toml cannot be read: {error}") from None
