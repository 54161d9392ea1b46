"""What aiokafka raises goes in, the same sentences come out as for kafka-python: whether waiting helps, what to check."""

from __future__ import annotations

from aiokafka import errors

from letters.errors import JiesuError, SettingsError, TryLater
from streams.kafka_errors import NotAllowed
from streams.kafka_url import KafkaSettings


def told(settings: KafkaSettings, what: str, error: BaseException) -> JiesuError:
    """Our error for one of aiokafka's."""
    if isinstance(error, errors.TopicAuthorizationFailedError | errors.GroupAuthorizationFailedError):
        return NotAllowed(user=settings.user or "ANONYMOUS", what=f"{what} ({error})")
    if isinstance(error, errors.SaslAuthenticationFailed | errors.UnsupportedSaslMechanismError):
        return SettingsError(
            f"Kafka at {settings.place} refuses the login of {settings.user} by {settings.mechanism} over"
            f" {settings.security}: {error}; check user, password, mechanism and security in JIESU_BUS"
        )
    if isinstance(error, errors.MessageSizeTooLargeError | errors.RecordListTooLargeError):
        return JiesuError(f"{what}: a message is larger than Kafka takes here ({error}); see message.max.bytes")
    return TryLater(f"{what}: Kafka at {settings.place} does not answer as it should: {error or type(error).__name__}")
