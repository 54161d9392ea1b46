"""The wire messages as frozen pydantic models: JSON in, checked values out, and back (records.md binds every name).

Readers ignore fields they do not know, so an old worker survives a new producer.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from letters.clock import shanghai
from letters.topics import Channel

SCHEMA_VERSION: Final = 1

Moment = Annotated[AwareDatetime, AfterValidator(shanghai)]
"""An aware time, always told as ISO 8601 with +08:00 (pydantic's own form of a time at that offset)."""

UnitCode = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Kind = Literal["求助", "咨询", "投诉", "举报", "建议", "感谢", "报警", "其他"]
Urgency = Literal["一般", "紧急", "特急"]
State = Literal["dispatched", "waiting", "merged", "escalated"]
Role = Literal["host", "assist"]
Step = Literal["signed", "contacted", "feedback", "finished", "returned"]
NoticeKind = Literal["reminder", "overdue", "supervision", "work_slip", "withdrawal", "danger"]


class Part(BaseModel):
    """A value inside a message."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null")


class Message(Part):
    """A message with a topic of its own."""

    schema_version: int = SCHEMA_VERSION


class Place(Part):
    """Where it happened (地点), as the record says it; WGS-84 or GCJ-02 degrees as upstream sends them."""

    text: str = ""
    area_code: str | None = None
    lng: float | None = None
    lat: float | None = None


class Accused(Part):
    """A unit or person complained about (被反映单位或个人); at least one field is set."""

    unit_code: str | None = None
    unit_name: str | None = None
    person: str | None = None
    badge_no: str | None = None
    duty: str | None = None


class NamedCode(Part):
    """A code with its name, as upstream or the bureau's directory has it; either may be missing upstream."""

    code: str | None = None
    name: str | None = None


class UnitRef(Part):
    """A unit of the bureau's directory."""

    code: UnitCode
    name: str


class Related(Part):
    """A link that the source itself drew to another of its records."""

    relation: Literal["duplicate_of", "urges", "linked"]
    channel: Channel | str
    source_id: str


class Attachment(Part):
    """A file by reference; the bytes stay where upstream keeps them."""

    name: str = ""
    media_type: str | None = None
    sha256: str | None = None
    url: str | None = None


class Writer(Part):
    """Who wrote (来信人): sealed in a `Letter`, opened only for a role that needs it. `marks` names fields that are
    not what they claim to be (a phone that is none, an ID number whose check digit fails); they are kept as written."""

    name: str | None = None
    sex: str | None = None
    phone: str | None = None
    id_number: str | None = None
    email: str | None = None
    address: str | None = None
    marks: tuple[str, ...] = ()


class Letter(Message):
    """One letter (信件), whatever door it came through. `title` and `body` are the citizen's own words to the character."""

    letter_id: UUID
    channel: str
    source_id: str
    revision: int = 1
    kind: Kind
    title: str = ""
    body: str
    arrived_at: Moment
    received_at: Moment
    place: Place = Place()
    urgency: Urgency = "一般"
    confidential: bool = False
    people: int = 1
    accused: tuple[Accused, ...] = ()
    avoid: tuple[str, ...] = ()
    suggested_unit: NamedCode | None = None
    upstream_category: NamedCode | None = None
    upstream_due: Moment | None = None
    related: tuple[Related, ...] = ()
    supervised: bool = False
    threat: str | None = None
    attachments: tuple[Attachment, ...] = ()
    via: str | None = None
    writer: str | None = None


class Alternative(Part):
    """A label that might be right as well."""

    label: str
    confidence: float


class Evidence(Part):
    """A word of the letter and what it added to the label's score."""

    text: str
    weight: float


class HeadLabel(Part):
    """What one head says: the label, how sure it is (calibrated, 0–1), and why."""

    label: str
    confidence: float
    accepted: bool
    alternatives: tuple[Alternative, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class ModelRef(Part):
    """The model that spoke, by name and hash of all its files."""

    name: str
    sha256: str


class Label(Message):
    """What the classifier says of one revision of a letter; a head that the bureau has no model for is None."""

    letter_id: UUID
    revision: int = 1
    category: HeadLabel | None = None
    unit: HeadLabel | None = None
    model: ModelRef | None = None


class Deadline(Part):
    """One clock of an assignment; `provisional` when it lies past the last published holiday calendar."""

    step: Literal["sign", "contact", "feedback", "finish"]
    due_at: Moment
    clock: Literal["natural", "working"]
    policy: str
    provisional: bool = False


class Contact(Part):
    """How the host reaches the writer."""

    name: str | None = None
    phone: str | None = None


class Source(Part):
    """A letter's number in the system it came from."""

    channel: str
    source_id: str


class Assignment(Message):
    """What a unit has to do (派单): all it needs, and no word that recusal or privacy forbids."""

    assignment_id: UUID
    letter_id: UUID
    round: int = 1
    unit: UnitRef
    role: Role
    host: UnitRef
    co_units: tuple[UnitRef, ...] = ()
    source: Source
    title: str
    body: str
    category: str | None = None
    place: Place = Place()
    urgency: Urgency = "一般"
    arrived_at: Moment
    assigned_at: Moment
    deadlines: tuple[Deadline, ...] = ()
    contact: Contact | None = None
    reason: str
    decision: UUID
    attachments: tuple[Attachment, ...] = ()


class Progress(Message):
    """What a unit reports; `progress_id` is the sender's own and makes a repeat harmless."""

    assignment_id: UUID
    step: Step
    at: Moment
    by: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    progress_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]


class Notice(Message):
    """Something a unit has to know: a reminder, an alert, 督办, a work slip, a withdrawal, danger."""

    notice_id: UUID
    kind: NoticeKind
    letter_id: UUID | None = None
    incident_id: UUID | None = None
    title: str
    text: str
    due_at: Moment | None = None
    at: Moment


class DeadLetter(Message):
    """A record that could not be read: where it stood, its bytes, and what was wrong."""

    dead_id: UUID
    topic: str
    partition: int
    offset: int
    key: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    timestamp: Moment
    raw: str
    reason: str
    message: str
    at: Moment


class Control(Message):
    """A word to the workers: promote a model, roll back, drain."""

    command: Literal["promote", "rollback", "drain"]
    model: str | None = None
    at: Moment


WIRE: Final[dict[str, type[Message]]] = {
    "letter": Letter,
    "label": Label,
    "assignment": Assignment,
    "progress": Progress,
    "notice": Notice,
    "dead-letter": DeadLetter,
    "control": Control,
}
"""Every message with a topic, by the name of its JSON Schema file."""
