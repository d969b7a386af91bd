/** What the commonest passwords are made of; longest first, so that none leaves a part of a longer one. */
const WORDS = `password passwort passw0rd motdepasse contrasena kennwort parola senha welcome willkommen bienvenue iloveyou ichliebedich
 princess sunshine football baseball basketball superman batman pokemon starwars minecraft charlie michael jordan jennifer michelle
 daniel thomas andrew joshua matthew ashley jessica qwertyuiop qwertzuiop qwerty qwertz azerty asdfghjkl asdfgh asdf zxcvbnm yxcvbnm
 1q2w3e4r5t6y 1q2w3e4r5t 1q2w3e4r q1w2e3r4 1qaz2wsx3edc 1qaz2wsx zaq12wsx qazwsxedc qazwsx letmein openup trustno1 dragon monkey shadow
 master admin administrator root superuser user guest login access secret changeme change default test testing testtest tester
 playwright playfleet demo company internet computer server google facebook linkedin microsoft windows apple samsung android
 whatever freedom forever nothing hello hallo flower lovely loveme killer cheese summer winter spring autumn january february march
 april june july august september october november december monday friday lastminute ninja mustang corvette ferrari mercedes porsche
 liverpool chelsea arsenal barcelona bayern juventus madrid soccer hockey hunter ranger tigger buster ginger pepper cookie chocolate
 banana orange purple yellow silver golden diamond angel jesus christ blessed family mother father brother sister abcdefgh abcdef abcd
 correct horse battery staple new the and you love that this temp temporary`;

export const COMMON_WORDS: readonly string[] = [...new Set(WORDS.split(/\s+/))].sort((a, b) => b.length - a.length);
