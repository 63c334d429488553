/*
 * Threads that fetch tickets. A thread that a KDC keeps waiting cannot be stopped: its
 * question is answered by the clock, and what it brings later is thrown away.
 */
#include "daemon/auth_kdc.h"

#include <sys/eventfd.h>
#include <sys/queue.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/auth_status.h"

#define END_PATIENCE_MS 500

struct job {
	TAILQ_ENTRY(job) link;	    /* waiting or done */
	LIST_ENTRY(job) all_link;   /* event loop only */
	struct auth_kdc *kdc;
	struct event *timer;	    /* NULL: nobody waits any more */
	uint64_t handle;
	char gss_id[256];
	int user_cache; /* -1: none */
	bool is_waiting; /* no thread has it yet */
	struct krb_ticket *ticket;
	struct engine_auth_reply failure;
};
TAILQ_HEAD(job_queue, job);

/* What the threads share; the last one out frees it. */
struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job_queue waiting, done;
	struct auth_krb *krb;
	unsigned n_user; /* threads, and the event loop */
	unsigned n_idle;
	unsigned n_waiting;
	bool is_ending;
	int wake_fd;
};

struct auth_kdc {
	struct event_base *base;
	struct event *wake;
	struct pool *pool;
	uint32_t timeout_s;
	auth_kdc_answer *answer;
	void *ctx;
	LIST_HEAD(, job) jobs;
	size_t n_job;
};

static void
job_free(struct job *j)
{
	if (j->user_cache >= 0)
		close(j->user_cache);
	free(j);
}

/* ---- threads ---- */

static void
free_jobs(struct job_queue *q)
{
	struct job *j;

	while ((j = TAILQ_FIRST(q)) != NULL) {
		TAILQ_REMOVE(q, j, link);
		krb_ticket_free(j->ticket);
		job_free(j);
	}
}

/* Called with the lock, and gives it back. */
static void
pool_leave(struct pool *p)
{
	bool is_last = --p->n_user == 0;

	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	if (!is_last)
		return;
	free_jobs(&p->waiting);
	free_jobs(&p->done);
	auth_krb_free(p->krb);
	close(p->wake_fd);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void *
thread_main(void *arg)
{
	static const uint64_t one = 1;
	struct pool *p = arg;
	struct job *j;

	pthread_mutex_lock(&p->lock);
	while (!p->is_ending) {
		if ((j = TAILQ_FIRST(&p->waiting)) == NULL) {
			p->n_idle++;
			pthread_cond_wait(&p->changed, &p->lock);
			p->n_idle--;
			continue;
		}
		TAILQ_REMOVE(&p->waiting, j, link);
		p->n_waiting--;
		j->is_waiting = false;
		pthread_mutex_unlock(&p->lock);
		j->ticket = krb_ticket_fetch(p->krb, j->gss_id, j->user_cache, &j->failure);
		pthread_mutex_lock(&p->lock);
		TAILQ_INSERT_TAIL(&p->done, j, link);
		if (write(p->wake_fd, &one, sizeof(one)) < 0)
			continue; /* it is readable already */
	}
	pool_leave(p);
	return NULL;
}

/* Signals are the event loop's. */
static bool
start_thread(struct pool *p)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t id;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&id, &attr, thread_main, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc == 0)
		p->n_user++;
	return rc == 0;
}

static struct pool *
pool_new(struct auth_krb *krb)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		auth_krb_free(krb);
		free(p);
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->done);
	p->krb = krb;
	p->n_user = 1;
	return p;
}

/* ---- event loop ---- */

/* Nobody waits for it any more. With the lock. */
static void
job_drop(struct job *j)
{
	struct pool *p = j->kdc->pool;

	if (j->timer != NULL) {
		LIST_REMOVE(j, all_link);
		j->kdc->n_job--;
		event_free(j->timer);
		j->timer = NULL;
	}
	if (j->is_waiting) {
		TAILQ_REMOVE(&p->waiting, j, link);
		p->n_waiting--;
		job_free(j);
	}
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct job *j = arg;
	struct auth_kdc *kdc = j->kdc;
	struct engine_auth_reply failure = { .status = AUTH_FAILED };
	uint64_t handle = j->handle;

	(void)fd;
	(void)what;
	auth_fail(&failure, SEC_E_NO_AUTHENTICATING_AUTHORITY,
	    "no ticket for the peer %.60s: the KDC did not answer in %u s; is it running, "
	    "and is kdc in krb5.conf right?",
	    j->gss_id, kdc->timeout_s);
	pthread_mutex_lock(&kdc->pool->lock);
	job_drop(j);
	pthread_mutex_unlock(&kdc->pool->lock);
	kdc->answer(kdc->ctx, handle, NULL, &failure);
}

static struct job *
next_done(struct auth_kdc *kdc)
{
	struct pool *p = kdc->pool;
	struct job *j;

	pthread_mutex_lock(&p->lock);
	if ((j = TAILQ_FIRST(&p->done)) != NULL)
		TAILQ_REMOVE(&p->done, j, link);
	pthread_mutex_unlock(&p->lock);
	return j;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct auth_kdc *kdc = arg;
	struct job *j;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	while ((j = next_done(kdc)) != NULL) {
		if (j->timer == NULL) {
			krb_ticket_free(j->ticket);
		} else {
			LIST_REMOVE(j, all_link);
			kdc->n_job--;
			event_free(j->timer);
			kdc->answer(kdc->ctx, j->handle, j->ticket, &j->failure);
		}
		job_free(j);
	}
}

struct auth_kdc *
auth_kdc_new(struct event_base *base, struct auth_krb *krb, uint32_t timeout_s,
    auth_kdc_answer *answer, void *ctx)
{
	struct pool *pool = pool_new(krb);
	struct auth_kdc *kdc = calloc(1, sizeof(*kdc));

	if (pool != NULL && kdc != NULL) {
		kdc->base = base;
		kdc->pool = pool;
		kdc->timeout_s = timeout_s;
		kdc->answer = answer;
		kdc->ctx = ctx;
		LIST_INIT(&kdc->jobs);
		kdc->wake = event_new(
		    base, pool->wake_fd, EV_READ | EV_PERSIST, on_wake, kdc);
		if (kdc->wake != NULL && event_add(kdc->wake, NULL) == 0)
			return kdc;
		if (kdc->wake != NULL)
			event_free(kdc->wake);
	}
	if (pool != NULL) {
		pthread_mutex_lock(&pool->lock);
		pool_leave(pool);
	}
	free(kdc);
	return NULL;
}

void
auth_kdc_cancel_all(struct auth_kdc *kdc)
{
	pthread_mutex_lock(&kdc->pool->lock);
	while (!LIST_EMPTY(&kdc->jobs))
		job_drop(LIST_FIRST(&kdc->jobs));
	pthread_mutex_unlock(&kdc->pool->lock);
}

size_t
auth_kdc_count(const struct auth_kdc *kdc)
{
	return kdc->n_job;
}

void
auth_kdc_free(struct auth_kdc *kdc)
{
	struct timespec until;
	struct pool *p;

	if (kdc == NULL)
		return;
	p = kdc->pool;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += END_PATIENCE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	event_free(kdc->wake);
	auth_kdc_cancel_all(kdc);
	pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	pthread_cond_broadcast(&p->changed);
	while (p->n_user > 1 &&
	    pthread_cond_timedwait(&p->changed, &p->lock, &until) == 0)
		;
	pool_leave(p);
	free(kdc);
}

bool
auth_kdc_ask(
    struct auth_kdc *kdc, uint64_t handle, const char *gss_id, int user_cache)
{
	struct timeval patience = { (time_t)kdc->timeout_s, 0 };
	struct pool *p = kdc->pool;
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL || (j->timer = evtimer_new(kdc->base, on_timeout, j)) == NULL ||
	    event_add(j->timer, &patience) != 0) {
		if (j != NULL && j->timer != NULL)
			event_free(j->timer);
		free(j);
		if (user_cache >= 0)
			close(user_cache);
		return false;
	}
	j->kdc = kdc;
	j->handle = handle;
	j->user_cache = user_cache;
	snprintf(j->gss_id, sizeof(j->gss_id), "%s", gss_id);
	j->is_waiting = true;
	LIST_INSERT_HEAD(&kdc->jobs, j, all_link);
	kdc->n_job++;
	pthread_mutex_lock(&p->lock);
	TAILQ_INSERT_TAIL(&p->waiting, j, link);
	if (++p->n_waiting > p->n_idle && p->n_user <= AUTH_KDC_THREADS)
		(void)start_thread(p);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	return true;
}

void
auth_kdc_cancel(struct auth_kdc *kdc, uint64_t handle)
{
	struct job *j;

	LIST_FOREACH (j, &kdc->jobs, all_link)
		if (j->handle == handle)
			break;
	if (j == NULL)
		return;
	pthread_mutex_lock(&kdc->pool->lock);
	job_drop(j);
	pthread_mutex_unlock(&kdc->pool->lock);
}
