import {html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult} from 'lit';
import {Problem} from './api.js';
import {icon} from './components/icon.js';
import {t} from './i18n.js';

/**
 * Something that is fetched: loads when its key changes, keeps the old content dimmed meanwhile, gives up what is no
 * longer wanted, and shows its failure at the place where the data belongs.
 */
export class Resource<T> implements ReactiveController {
	data?: T;
	problem?: Problem;
	busy = false;
	private key?: string;
	private run?: (signal: AbortSignal) => Promise<T>;
	private abort?: AbortController;

	constructor(private readonly host: ReactiveControllerHost) {
		host.addController(this);
	}

	hostDisconnected(): void {
		this.abort?.abort();
		this.key = undefined;
	}

	load(key: string, run: (signal: AbortSignal) => Promise<T>): void {
		if (key === this.key) return;
		this.key = key;
		this.run = run;
		void this.reload();
	}

	async reload(): Promise<void> {
		this.abort?.abort();
		const abort = (this.abort = new AbortController());
		this.busy = true;
		this.host.requestUpdate();
		try {
			const data = await this.run!(abort.signal);
			if (abort.signal.aborted) return;
			this.data = data;
			this.problem = undefined;
		} catch (error) {
			if (abort.signal.aborted) return;
			if (!(error instanceof Problem)) throw error;
			this.data = undefined;
			this.problem = error;
		}
		this.busy = false;
		this.host.requestUpdate();
	}

	/** The data as `content` shows it, or what stands in its place. */
	show(content: (data: T) => unknown, lines = 4): TemplateResult {
		if (this.problem) return problemCard(this.problem, () => void this.reload());
		if (this.data === undefined) return skeleton(lines);
		return html`<div class=${this.busy ? 'dim' : ''} aria-busy=${this.busy}>${content(this.data)}</div>`;
	}
}

export function skeleton(lines: number): TemplateResult {
	return html`<div class="skeleton" role="status">
		<span class="hidden">${t('state.loading')}</span>${Array.from({length: lines}, () => html`<i></i>`)}
	</div>`;
}

/** What went wrong, in the reader's language where we know it. */
export function problemText(problem: Problem): string {
	if (problem.status === 0) return t('problem.unreachable');
	if (problem.status === 403) return t('problem.forbidden');
	if (problem.status === 429) return t('problem.too-many', {n: problem.retryAfter || 60});
	if (problem.status === 412) return t('problem.changed');
	return problem.detail ? `${problem.title}: ${problem.detail}` : problem.title;
}

export function problemCard(problem: Problem, retry?: () => void): TemplateResult {
	return html`<div class="note-card tone-reject" role="alert">
		${icon('warn')}
		<div>
			${problemText(problem)} ${problem.errors.map(fault => html`<div>${fault.hint ?? fault.detail}</div>`)}
			${retry ? html`<button class="link-button" @click=${retry}>${t('action.retry')}</button>` : nothing}
		</div>
	</div>`;
}
