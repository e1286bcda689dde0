"""Where poses and motions come from: code, motion capture, landmarks of real people."""
