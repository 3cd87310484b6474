#!/usr/bin/env node
// For those who start the TypeScript; the program's own entry is main.mjs.
import './main.mjs';
