'use strict';

module.exports = '1.3.0';
