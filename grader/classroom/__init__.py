"""Classes: folders of submissions in, a gradebook that loses nothing, reports out."""
