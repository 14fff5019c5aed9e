'use strict';

module.exports = '1.1.0';
