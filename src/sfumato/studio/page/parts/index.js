// The parts that every view is built from: import { Button, Field } from "../parts/index.js".
//
// A view is views/NAME.js (or views/NAME/index.js) with a component as its default export, which gets {id, query} from
// the address #/NAME/ID?query. It stands in VIEWS of views.js; its words are locales/LANGUAGE/NAME.json with keys
// 'NAME.…' (they are there before the view is drawn), its styles NAME.css. It draws, inside <main>, a <header> with one
// <h1> and then sections. Words never stand in a template: t('…').
//
//   <${Button} kind="primary" icon="add" onClick=${async () => …}>       busy while the promise lasts; errors become toasts
//   <${IconButton} icon="star" label=${t('…')} pressed=${true} />        toggles, and buttons without words
//   <${LinkButton} href=${address('create')}>                            looks like a button, is a link
//   <${TextField} label hint error value onInput rows />                 NumberField, SelectField, Checkbox alike
//   <${Choice} label value options onChange />                           one of a few; <${Chips}> any of many (an array)
//   <${Slider} label value min max step scale="log" unit onInput />      a slider and a number
//   <${Field} label control=${(tied) => html`<input …${tied} />`} />     a label and its help for any other control
//   <${Dialog} open title onClose side actions>                          await confirm({title, text, action, kind})
//   <${Menu} label icon items=${[{label, icon, run}]} />                 what is done seldom
//   toast(text, {action: {label: t('undo'), run}}); failed(error)        what happened, with undo; what went wrong
//   <${Progress} done total label />; progressInWords(progress)          <${JobRow} job />, <${JobProgress} job />
//   <${Picture} src alt width height small />                            keeps its place; small: hard pixels
//   <${Drop} onFiles accept folder label>…<//>                           files dropped or chosen; filesOf(dataTransfer)
//   classesInWords(label); subjectOf(work); modelOf(work)                what a work was made of
//   <${Empty} title text>buttons<//>                                     where nothing is yet
//   <${Icon} name size label />                                          names: see icon.js
//
// Classes of style.css to lay out with: .panel, .columns, .row, .stack, .wall (pictures side by side), .plinth, .actions,
// .quiet, .small-print, .unseen (for screen readers alone), .fact-list (<dl>), .chips, .chip, .notice.
// Colours and sizes are its custom properties: --wall, --raised, --plinth, --ink, --quiet, --line, --accent, --on-accent,
// --bad, --good, --space-1 … --space-7 (4 to 48 px), --radius.
//
// What is known of the studio: state.js (jobs, collections, models, trainings, stepOf(job), subscribe(type, f), ask(spec),
// askAndWait(spec), control(id, what), handover). HTTP: api.js. Words and numbers: i18n.js. Where we are: router.js.
// What a browser remembers: stored(name, first) of stored.js.
export { Button, CloseButton, IconButton, LinkButton } from "./button.js";
export { Dialog, confirm } from "./dialog.js";
export { Drop, filesOf } from "./drop.js";
export { Empty } from "./empty.js";
export { Checkbox, Chips, Choice, Field, NumberField, NumberInput, SelectField, TextField } from "./field.js";
export { Icon } from "./icon.js";
export { JobButton, JobProgress, JobRow, kindOf, stateOf } from "./job.js";
export { Menu } from "./menu.js";
export { Picture } from "./picture.js";
export { Progress, progressInWords } from "./progress.js";
export { Slider } from "./slider.js";
export { Toasts, dismiss, failed, toast } from "./toast.js";
export { classesInWords, modelOf, subjectOf } from "./work.js";
