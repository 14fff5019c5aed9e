'use strict';

const MOST_CHARACTERS = 200000;
const MOST_RESULTS = 50;

// A request that can't be answered; the text says why.
class BadRequest extends Error {
  status = 400;
}

function text(body, name) {
  const value = body?.[name];
  if (typeof value !== 'string' || !value.trim()) throw new BadRequest(`"${name}" must be a text that isn't empty`);
  if (value.length > MOST_CHARACTERS) throw new BadRequest(`"${name}" has more than ${MOST_CHARACTERS} characters`);
  return value;
}

function number(body, name, otherwise) {
  const value = body?.[name] ?? otherwise;
  if (!Number.isInteger(value) || value < 1 || value > MOST_RESULTS) {
    throw new BadRequest(`"${name}" must be a whole number from 1 to ${MOST_RESULTS}`);
  }
  return value;
}

module.exports = { BadRequest, text, number };
