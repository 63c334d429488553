/* For cppcheck, which does not look into the system's headers: macros it has to know. */
#define SLIST_HEAD(name, type) struct name { struct type *slh_first; }
#define LIST_HEAD(name, type) struct name { struct type *lh_first; }
#define STAILQ_HEAD(name, type) struct name { struct type *stqh_first; }
#define TAILQ_HEAD(name, type) struct name { struct type *tqh_first; }
#define SLIST_ENTRY(type) struct { struct type *sle_next; }
#define LIST_ENTRY(type) struct { struct type *le_next; }
#define STAILQ_ENTRY(type) struct { struct type *stqe_next; }
#define TAILQ_ENTRY(type) struct { struct type *tqe_next; }
#define SLIST_FOREACH(v, head, field) for (v = (head)->slh_first; v; v = v->field.sle_next)
#define LIST_FOREACH(v, head, field) for (v = (head)->lh_first; v; v = v->field.le_next)
#define STAILQ_FOREACH(v, head, field) for (v = (head)->stqh_first; v; v = v->field.stqe_next)
#define TAILQ_FOREACH(v, head, field) for (v = (head)->tqh_first; v; v = v->field.tqe_next)
#define json_array_foreach(array, i, value) \
	for (i = 0; (value = json_array_get(array, i)) != 0; i++)
#define json_object_foreach(object, key, value) \
	for (key = next_key(object); (value = json_object_get(object, key)) != 0;)
