/* The TUN devices: what comes out of them, and what goes in. */
#include <sys/uio.h>
#include <unistd.h>

#include "daemon/plane.h"

#define SEGMENTS_PER_EVENT 128

void
plane_tun_read(struct plane *p, uint32_t class_id)
{
	struct cutter c;
	ssize_t n;

	for (size_t done = 0; done < SEGMENTS_PER_EVENT; done += c.n_segments) {
		n = read(
		    p->tun_fd[class_id], p->in, SUPER_HEAD_BYTES + PACKET_MAX_BYTES);
		if (n <= 0)
			return;
		c.n_segments = 1;
		if (!cutter_init(&c, p->in, (size_t)n))
			p->count[PC_BAD_PACKET]++;
		else if (c.n_segments == 1)
			plane_out_packet(p, class_id, c.raw);
		else
			plane_out_super(p, class_id, &c);
	}
}

static void
tun_write(struct plane *p, uint32_t class_id, struct iovec *iov, int n_iov)
{
	if (p->tun_fd[class_id] < 0 || writev(p->tun_fd[class_id], iov, n_iov) < 0)
		p->count[PC_SEND_FAILED]++;
}

static void
flush_merged(struct plane *p)
{
	struct span whole = merger_take(&p->merged);
	struct iovec iov = { (void *)(uintptr_t)whole.p, whole.n };

	if (whole.n > 0)
		tun_write(p, p->merged_class, &iov, 1);
}

void
plane_to_tun(struct plane *p, uint32_t class_id, struct span raw)
{
	static const uint8_t nothing_to_do[SUPER_HEAD_BYTES];
	struct iovec iov[2] = { { (void *)(uintptr_t)nothing_to_do, SUPER_HEAD_BYTES },
		{ (void *)(uintptr_t)raw.p, raw.n } };

	if (p->may_merge && (p->merged.n == 0 || p->merged_class == class_id) &&
	    merger_add(&p->merged, raw)) {
		p->merged_class = class_id;
		return;
	}
	flush_merged(p);
	if (p->may_merge && merger_add(&p->merged, raw))
		p->merged_class = class_id;
	else
		tun_write(p, class_id, iov, 2);
}

void
plane_tun_begin(struct plane *p)
{
	p->may_merge = true;
}

void
plane_tun_end(struct plane *p)
{
	flush_merged(p);
	p->may_merge = false;
}
