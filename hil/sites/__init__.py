"""Ground truth: sites with people, intruders, fires and faults, and what their panels say of it.

Everything is drawn from one seed.  Nothing here knows how the product judges: it draws a world,
lets an emulated panel speak about it, and keeps what really happened as labels beside the timeline.
"""
