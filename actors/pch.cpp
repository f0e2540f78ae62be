// Holds the precompiled header of actors/.
