'use strict';

module.exports = '1.2.0';
