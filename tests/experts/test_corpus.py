"""What experts are trained on is read as it stands, and a model is taught its own words only."""

import json
from types import SimpleNamespace

import pytest
from transformers import AutoTokenizer

from hswarm.errors import HswarmError
from hswarm.experts import corpus
from hswarm.experts.conversation import parts_of
from hswarm.experts.corpus import as_exchanges, read_corpus
from hswarm.experts.training import IGNORE, collate, encode

TALK = (("Who is it?", "Ada."), ("And where?", "In Rome."))
GEMMA = (
    "{% for m in messages %}<s>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content | trim }}<e>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>model\n{% endif %}"
)
FROM_BEHIND = "{{ messages[-1].content }}{% if add_generation_prompt %}?{% endif %}"


@pytest.fixture(scope="module")
def tokenizer(pytestconfig):
    return AutoTokenizer.from_pretrained(pytestconfig.rootpath / "agents" / "tiny" / "base")


def message(role, content):
    return {"role": role, "content": content}


def test_messages_are_exchanges_and_what_nobody_answers_is_none():
    chat = [
        message("system", "Be brief."),
        message("user", "Who is it?"),
        message("assistant", "Ada."),
        message("user", "And where?"),
        message("assistant", "In Rome."),
        message("user", "Thanks."),
    ]
    assert as_exchanges(chat) == (("Be brief.\n\nWho is it?", "Ada."), TALK[1])
    assert as_exchanges([message("assistant", "Hello."), message("user", "Hi.")]) == ()


def test_both_forms_of_a_line_are_read(tmp_path):
    path = tmp_path / "a.jsonl"
    chat = [message("user", "Who is it?"), message("assistant", "Ada.")]
    lines = [{"prompt": "Who is it?", "response": "Ada."}, {"messages": chat}]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert read_corpus(str(path)) == [(TALK[0],)] * 2
    path.write_text(json.dumps({"messages": chat[:1]}))
    with pytest.raises(HswarmError, match="line 1"):
        read_corpus(str(path))


def test_a_part_of_tulu_is_all_that_is_called_so(monkeypatch):
    rows = [
        {"dataset": part, "messages": [message("user", part), message("assistant", "yes")]}
        for part in ("cot", "science.scifact_json", "lima", "science.scierc_ner")
    ]

    class Mixture(list):
        def __getitem__(self, column):
            return [row[column] for row in self]

        def select(self, places):
            return [list(self)[k] for k in places]

    asked = []

    def load_dataset(name, split):
        asked.append((name, split))
        return Mixture(rows)

    monkeypatch.setattr(
        corpus, "import_module", lambda name: SimpleNamespace(load_dataset=load_dataset)
    )
    assert read_corpus("tulu-v2:science") == [
        (("science.scifact_json", "yes"),),
        (("science.scierc_ner", "yes"),),
    ]
    assert asked == [("allenai/tulu-v2-sft-mixture", "train")]
    with pytest.raises(HswarmError, match="no domain 'cots'"):
        read_corpus("tulu-v2:cots")
    with pytest.raises(HswarmError, match="no end"):
        read_corpus("tiny:friends")


def test_the_hubs_refusal_is_one_line(monkeypatch):
    def load_dataset(name, split):
        raise ConnectionError("no route\nto the host")

    monkeypatch.setattr(
        corpus, "import_module", lambda name: SimpleNamespace(load_dataset=load_dataset)
    )
    with pytest.raises(HswarmError, match=r"did not give allenai/.*: no route\.$"):
        read_corpus("tulu-v2:cot")


def test_an_answer_ends_as_the_template_says(tokenizer):
    asked, said = parts_of(tokenizer, TALK[:1], "chat")
    assert asked == ("<|user|>Who is it?<|assistant|>", False)
    assert said == (" Ada.<|end|>", True)


def test_a_model_is_taught_every_answer_of_a_conversation_and_nothing_else(tokenizer, monkeypatch):
    monkeypatch.setattr(tokenizer, "chat_template", GEMMA)
    parts = parts_of(tokenizer, TALK, "chat")
    whole = tokenizer.apply_chat_template(
        [message(r, t) for pair in TALK for r, t in zip(("user", "assistant"), pair, strict=True)],
        tokenize=False,
    )
    assert "".join(text for text, _ in parts) == whole
    assert [text for text, own in parts if own] == ["Ada.<e>\n", "In Rome.<e>\n"]
    ((ids, own),) = encode(tokenizer, [TALK])
    assert len(ids) == len(own)
    _, _, labels = collate([(ids, own)], tokenizer)
    taught = [k for k in labels[0].tolist() if k != IGNORE]
    assert tokenizer.decode(taught) == "Ada.<e>\nIn Rome.<e>\n"


def test_where_a_template_is_not_written_from_left_to_right_the_first_exchange_is_taken(
    tokenizer, monkeypatch
):
    monkeypatch.setattr(tokenizer, "chat_template", FROM_BEHIND)
    assert parts_of(tokenizer, TALK, "chat") == [("Who is it??", False), (" Ada.<|end|>", True)]


def test_plain_conversations_go_without_a_template(tokenizer):
    assert parts_of(tokenizer, TALK, "plain") == [
        ("Who is it?", False),
        (" Ada.<|end|>", True),
        ("And where?", False),
        (" In Rome.<|end|>", True),
    ]
