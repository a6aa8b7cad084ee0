"""The official openai client for Python, unchanged but for its base URL. Prints one line for each check; exits 1 at the first that fails.

python test_openai.py BASE_URL MODEL
"""

import asyncio
import json
import sys

import openai

BASE_URL, MODEL = sys.argv[1:]
client = openai.OpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer", "minimum": 0, "maximum": 150}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "save_person", "description": "Saves a person.", "parameters": PERSON}}


def user(text):
    return [{"role": "user", "content": text}]


def answers():
    messages = user("My name is Alice") + [{"role": "assistant", "content": "Nice to meet you, Alice!"}]
    answer = client.chat.completions.create(model=MODEL, messages=messages + user("What's my name?"), temperature=0)
    assert answer.choices[0].message.content == "Your name is Alice.", answer
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def streams():
    request = dict(model=MODEL, messages=user("Count from 1 to 7"), temperature=0)
    whole = client.chat.completions.create(**request).choices[0].message.content
    stream = client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == whole
    assert chunks[-1].usage.completion_tokens > 5


def schema():
    format = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    for seed in range(5):
        request = dict(model=MODEL, messages=user("A person"), response_format=format, max_tokens=200, seed=seed)
        choice = client.chat.completions.create(**request, temperature=1.5).choices[0]
        if choice.finish_reason == "stop":
            person = json.loads(choice.message.content)
            assert set(person) == {"name", "age"} and 0 <= person["age"] <= 150, person


def tools():
    request = dict(model=MODEL, messages=user("Save Alice, who is 30"), tools=[TOOL], tool_choice="required", max_tokens=200)
    choice = client.chat.completions.create(**request, temperature=0).choices[0]
    assert choice.finish_reason == "tool_calls", choice
    call = choice.message.tool_calls[0]
    assert call.function.name == "save_person" and set(json.loads(call.function.arguments)) == {"name", "age"}
    with client.chat.completions.stream(**request, temperature=0) as stream:
        streamed = stream.get_final_completion().choices[0].message.tool_calls[0]
    assert streamed.function.arguments == call.function.arguments


def leaves_early():
    stream = client.chat.completions.create(model=MODEL, messages=user("Hello!"), temperature=2, stream=True)
    next(iter(stream))
    stream.close()


def raises():
    for error, request in [
        (openai.BadRequestError, dict(model=MODEL, messages=user("Hi"), top_p=7)),
        (openai.NotFoundError, dict(model="no-such-model", messages=user("Hi"))),
        (openai.BadRequestError, dict(model=MODEL, messages=user("word " * 5000))),
    ]:
        try:
            client.chat.completions.create(**request)
        except error as raised:
            assert raised.body["message"] and raised.request_id
        else:
            raise AssertionError(f"{request.keys()} raised nothing")


def others():
    assert MODEL in [model.id for model in client.models.list()]
    assert client.completions.create(model=MODEL, prompt="Hello", max_tokens=4).choices[0].text is not None
    assert len(client.embeddings.create(model=MODEL, input="a cat").data[0].embedding) > 16
    first = client.responses.create(model=MODEL, input="My name is Alice", temperature=0)
    second = client.responses.create(model=MODEL, input="What's my name?", previous_response_id=first.id, temperature=0)
    assert second.output_text == "Your name is Alice.", second
    events = [event.type for event in client.responses.create(model=MODEL, input="Hello!", stream=True)]
    assert events[0] == "response.created" and events[-1] == "response.completed", events


async def many_at_once():
    asynchronous = openai.AsyncOpenAI(base_url=BASE_URL, api_key="none", max_retries=0)
    ask = lambda: asynchronous.chat.completions.create(model=MODEL, messages=user("What are you?"), temperature=0)
    answers = await asyncio.gather(*(ask() for _ in range(6)))
    assert len({answer.choices[0].message.content for answer in answers}) == 1


for check in [answers, streams, schema, tools, leaves_early, raises, others]:
    check()
    print(check.__name__, flush=True)
asyncio.run(many_at_once())
print("many_at_once")
