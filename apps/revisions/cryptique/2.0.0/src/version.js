'use strict';

module.exports = '2.0.0';
