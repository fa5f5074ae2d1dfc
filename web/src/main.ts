import {loadLanguage} from './i18n.js';
import {applyTheme} from './theme.js';

applyTheme();
await loadLanguage();
await import('./app.js');
