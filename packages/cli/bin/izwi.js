#!/usr/bin/env node
// A committed file, because npm links a workspace's command only when its file is there at install time.
import "../dist/main.js";
