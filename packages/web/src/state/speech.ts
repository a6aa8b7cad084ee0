import { computed, signal } from "@preact/signals";
import { hasVoices, SAMPLE_RATE, streamSpeech } from "../api/speech.js";
import type { Message } from "../conversation/message.js";
import { spokenText } from "../markdown/blocks.js";
import { noteFailure, whenBack } from "./connection.js";
import { notify } from "./notices.js";

/** The answer that is being read aloud. */
export const speaking = signal<string | undefined>(undefined);

const serverVoices = signal(false);
const browserVoices = signal(false);

/** Whether there is a voice: the server's, else one of the browser's own. */
export const canSpeak = computed(() => serverVoices.value || browserVoices.value);

let aborter = new AbortController();

export function watchVoices(): void {
  const ask = async () => {
    serverVoices.value = await hasVoices();
  };
  whenBack(() => void ask());
  void ask();
  if (!("speechSynthesis" in globalThis)) return;
  // Many browsers learn of their voices only after a while.
  const look = () => (browserVoices.value = speechSynthesis.getVoices().length > 0);
  speechSynthesis.addEventListener("voiceschanged", look);
  look();
}

export async function speak({ id, content }: Message): Promise<void> {
  stopSpeaking();
  aborter = new AbortController();
  const { signal } = aborter;
  speaking.value = id;
  try {
    if (serverVoices.peek()) await play(content, signal);
    else await speakByBrowser(content);
  } catch (error) {
    if (!signal.aborted) {
      noteFailure(error);
      notify(error instanceof Error ? error.message : "The answer can't be read aloud.", { kind: "error" });
    }
  } finally {
    if (!signal.aborted) speaking.value = undefined;
  }
}

export function stopSpeaking(): void {
  aborter.abort();
  speaking.value = undefined;
  if ("speechSynthesis" in globalThis) speechSynthesis.cancel();
}

/** Plays the server's voice while it still speaks: each piece begins where the one before it ends. */
async function play(text: string, signal: AbortSignal): Promise<void> {
  const audio = new AudioContext({ sampleRate: SAMPLE_RATE });
  const stop = () => void audio.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    let end = audio.currentTime;
    for await (const samples of streamSpeech(text, signal)) {
      const buffer = audio.createBuffer(1, samples.length, SAMPLE_RATE);
      buffer.copyToChannel(samples, 0);
      const source = audio.createBufferSource();
      source.buffer = buffer;
      source.connect(audio.destination);
      end = Math.max(end, audio.currentTime);
      source.start(end);
      end += buffer.duration;
    }
    await pause((end - audio.currentTime) * 1000, signal);
  } finally {
    signal.removeEventListener("abort", stop);
    if (audio.state !== "closed") await audio.close();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.max(0, ms));
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function speakByBrowser(text: string): Promise<void> {
  return new Promise((resolve) => {
    const utterance = new SpeechSynthesisUtterance(spokenText(text));
    utterance.addEventListener("end", () => resolve());
    utterance.addEventListener("error", () => resolve());
    speechSynthesis.speak(utterance);
  });
}
