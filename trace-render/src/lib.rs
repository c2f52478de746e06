//! Network paths drawn on a map.
