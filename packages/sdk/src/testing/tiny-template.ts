/** Qwen3's chat format: ChatML, tools in the system turn, thoughts of the newest answer only. */
export const TINY_TEMPLATE = `
{%- set ns = namespace(newest=0) %}
{%- for message in messages %}
  {%- if message.role == 'user' %}{%- set ns.newest = loop.index0 %}{%- endif %}
{%- endfor %}
{%- set has_system = messages[0].role == 'system' %}
{%- if tools %}
  {{- '<|im_start|>system\\n' }}
  {%- if has_system %}{{- messages[0].content ~ '\\n\\n' }}{%- endif %}
  {{- '# Tools\\n\\n<tools>\\n' }}
  {%- for tool in tools %}{{- tool | tojson ~ '\\n' }}{%- endfor %}
  {{- '</tools>\\n\\nCall one with <tool_call>\\n{"name": <name>, "arguments": <arguments>}\\n</tool_call><|im_end|>\\n' }}
{%- elif has_system %}
  {{- '<|im_start|>system\\n' ~ messages[0].content ~ '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
  {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
    {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content ~ '<|im_end|>\\n' }}
  {%- elif message.role == 'tool' %}
    {%- if loop.previtem.role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}
    {{- '\\n<tool_response>\\n' ~ message.content ~ '\\n</tool_response>' }}
    {%- if loop.last or loop.nextitem.role != 'tool' %}{{- '<|im_end|>\\n' }}{%- endif %}
  {%- elif message.role == 'assistant' %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if message.reasoning_content and loop.index0 > ns.newest %}
      {{- '<think>\\n' ~ message.reasoning_content ~ '\\n</think>\\n\\n' }}
    {%- endif %}
    {{- message.content }}
    {%- for call in message.tool_calls or [] %}
      {%- set function = call.function or call %}
      {{- '\\n<tool_call>\\n{"name": "' ~ function.name ~ '", "arguments": ' }}
      {{- function.arguments if function.arguments is string else function.arguments | tojson }}
      {{- '}\\n</tool_call>' }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|im_start|>assistant\\n' }}
  {{- '<think>\\n' if enable_thinking else '<think>\\n\\n</think>\\n\\n' }}
{%- endif %}`.trimStart();
