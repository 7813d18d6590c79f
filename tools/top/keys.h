/* keys: what a key does to the model. */
#ifndef TOOLS_TOP_KEYS_H
#define TOOLS_TOP_KEYS_H

struct model;

/* Any other key is its Unicode character. */
enum top_key {
	TOP_KEY_ENTER = '\n',
	TOP_KEY_ESCAPE = 0x1b,
	TOP_KEY_BACKSPACE = 0x7f,
	TOP_KEY_UP = 0x110000, /* the first that is no character */
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_DELETE,
	TOP_KEY_OTHER
};

enum top_action {
	TOP_NOTHING,
	TOP_QUIT,
	TOP_REMOVE, /* model->condemned, as the user has confirmed */
	TOP_REPAINT /* all, for a terminal that others have written to */
};

/* page: how many addresses are on the screen. */
enum top_action keys_press(struct model *, int key, int page);

#endif
