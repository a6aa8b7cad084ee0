import { signal } from "@preact/signals";
import type { Message } from "../conversation/message.js";
import { spokenText } from "../markdown/blocks.js";

/** The answer that is being read aloud, by the browser's own voices. */
export const speaking = signal<string | undefined>(undefined);

/** Whether this browser has a voice; many learn of theirs only after a while. */
export const canSpeak = signal(false);

export function watchVoices(): void {
  if (!("speechSynthesis" in globalThis)) return;
  const look = () => (canSpeak.value = speechSynthesis.getVoices().length > 0);
  speechSynthesis.addEventListener("voiceschanged", look);
  look();
}

export function speak({ id, content }: Message): void {
  stopSpeaking();
  const utterance = new SpeechSynthesisUtterance(spokenText(content));
  const over = () => {
    if (speaking.peek() === id) speaking.value = undefined;
  };
  utterance.addEventListener("end", over);
  utterance.addEventListener("error", over);
  speaking.value = id;
  speechSynthesis.speak(utterance);
}

export function stopSpeaking(): void {
  speaking.value = undefined;
  speechSynthesis.cancel();
}
