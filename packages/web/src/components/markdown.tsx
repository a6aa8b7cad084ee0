import type { VNode } from "preact";
import { memo } from "preact/compat";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { blockElements } from "../markdown/block-view.js";
import { blocksOf, type Block } from "../markdown/blocks.js";
import { highlighter, texRenderer } from "../markdown/lazy-parts.js";

/** A Markdown text. While it grows, only its last block is made anew. */
export function Markdown({ text, growing = false }: { text: string; growing?: boolean }): VNode {
  const blocks = useMemo(() => blocksOf(text), [text]);
  return (
    <div class="markdown">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} growing={growing && index === blocks.length - 1} />
      ))}
    </div>
  );
}

const BlockView = memo(
  function BlockView({ block, growing }: { block: Block; growing: boolean }): VNode {
    const place = useRef<HTMLDivElement>(null);
    // Read here, so that a block is made again when the part of the page that it needs has come.
    const parts = [texRenderer.value, highlighter.value];
    useLayoutEffect(() => {
      place.current?.replaceChildren(blockElements(block, growing));
    }, [block.raw, growing, ...parts]);
    return <div class="block" ref={place} />;
  },
  (before, after) => before.block.raw === after.block.raw && before.growing === after.growing,
);
