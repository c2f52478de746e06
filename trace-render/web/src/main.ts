document.title = "trace";
