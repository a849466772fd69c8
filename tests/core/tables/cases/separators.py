"""How a line is cut into cells: separators, quotation marks, escapes and line ends."""

from __future__ import annotations

from tests.core.tables.cases.case import refused, table

SEPARATORS = [
    table("a line that names the separator, as Excel writes", "sep=;\r\na;b\r\n1,5;x\r\n", {"a": [1.5], "b": ["x"]}),
    table("a line that names the comma", "sep=,\na,b\n1,x\n2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("a quoted line that names the separator", '"sep=;"\na;b\n1;x\n', {"a": [1], "b": ["x"]}),
    table("tabs around texts with commas", "a\tb\nx, y\t1\nz, w\t2\n", {"a": ["x, y", "z, w"], "b": [1, 2]}),
    table(
        "bars around texts with semicolons",
        "a|b|c\nx;y|1|2\nz;w|3|4\n",
        {"a": ["x;y", "z;w"], "b": [1, 3], "c": [2, 4]},
    ),
    table(
        "semicolons around lists with commas",
        "a;b\nx,y,z;1\nx,y;2\nx;3\n",
        {"a": ["x,y,z", "x,y", "x"], "b": [1, 2, 3]},
    ),
    table(
        "semicolons around lists of equal length",
        "a;b\nx,y,z;1\nu,v,w;2\np,q,r;3\n",
        {"a": ["x,y,z", "u,v,w", "p,q,r"], "b": [1, 2, 3]},
    ),
    table(
        "commas around lists with semicolons",
        "a,b\nx;y;z,1\nx;y,2\nx,3\n",
        {"a": ["x;y;z", "x;y", "x"], "b": [1, 2, 3]},
    ),
    table(
        "a comma in the title and decimal commas",
        "Umsatz, Stand 01.02.2024\nKunde;Umsatz;Region\n" + "".join(f"{i};{i},5;Nord\n" for i in range(9)),
        {"Kunde": list(range(9)), "Umsatz": [i + 0.5 for i in range(9)], "Region": ["Nord"] * 9},
    ),
    table(
        "a comma in the title and two columns",
        "Umsatz, Stand 01.02.2024\n\nKunde;Umsatz\n" + "".join(f"{i};{i},5\n" for i in range(9)),
        {"Kunde": list(range(9)), "Umsatz": [i + 0.5 for i in range(9)]},
    ),
    table("doubled bars", "a||b\n1||x\n2||y\n", {"a": [1, 2], "b": ["x", "y"]}),
    table(
        "a comma and a blank after each cell",
        "a, b, c\n1, x, 2\n3, y, 4\n",
        {"a": [1, 3], "b": [" x", " y"], "c": [2, 4]},
    ),
    table("cells padded to a width", "a   ,b  \n1   ,x  \n20  ,yy \n", {"a": [1, 20], "b": ["x  ", "yy "]}),
    table(
        "one column of addresses",
        "address\nMain St 1, Springfield\nHigh St 2, Shelbyville\n",
        {"address": ["Main St 1, Springfield", "High St 2, Shelbyville"]},
    ),
    table("one column of clock times", "at\n12:30\n13:45\n", {"at": ["12:30", "13:45"]}),
    table("a quoted name with a line end", '"a\nb",c\n1,2\n', {"a\nb": [1], "c": [2]}),
    table("a quoted name with the separator", '"a,b",c\n1,2\n', {"a,b": [1], "c": [2]}),
    table(
        "everything quoted",
        '"id","n","x"\n"007","1","1.5"\n"010","2","2.5"\n',
        {"id": ["007", "010"], "n": [1, 2], "x": [1.5, 2.5]},
    ),
    table("a quoted blank stays in text", 'a,b\n" ",1\nx,2\n', {"a": [" ", "x"], "b": [1, 2]}),
    table("empty quotes are missing", 'a,b\n"",1\nx,""\n', {"a": [None, "x"], "b": [1, None]}),
    table("one column with empty quotes", 'a\n1\n""\n3\n', {"a": [1, None, 3]}),
    table("a quoted cell of many lines", 'a,b\n"1\n\n2\r\n3",x\ny,z\n', {"a": ["1\n\n2\r\n3", "y"], "b": ["x", "z"]}),
    table("only quotes within quotes", 'a,b\n"""",1\n"""""",2\n', {"a": ['"', '""'], "b": [1, 2]}),
    table("inches", 'a,b\n5" pipe,1\n6",2\n', {"a": ['5" pipe', '6"'], "b": [1, 2]}),
    table("blanks before and after quotes", 'a, b\n1, "x, y"\n2, "z"\n', {"a": [1, 2], "b": ["x, y", "z"]}),
    table(
        "a blank and a quote inside quotes",
        'a,b\n" ""x""",1\n y,2\n z,3\n',
        {"a": [' "x"', " y", " z"], "b": [1, 2, 3]},
    ),
    table(
        "whole lines between quotes",
        '"a;b"\n"1;x"\n"2;y"\n"3;z"\n',
        {"a": [1, 2, 3], "b": ["x", "y", "z"]},
    ),
    table("a blank after quotes", 'a,b\n"x, y" ,1\n"z" ,2\n', {"a": ["x, y ", "z "], "b": [1, 2]}),
    table(
        "backslashes before quotes",
        'a,b\n"say \\"hi\\", he said",1\n"x",2\n',
        {"a": ['say "hi", he said', "x"], "b": [1, 2]},
    ),
    table(
        "a backslash before quotes without a comma", 'a,b\n"5\\" pipe",1\n"x",2\n', {"a": ['5" pipe', "x"], "b": [1, 2]}
    ),
    table("backslashes of folders", 'a,b\nC:\\temp\\new,1\n"D:\\",2\n', {"a": ["C:\\temp\\new", "D:\\"], "b": [1, 2]}),
    table("single quotes around cells", "'a','b'\n'x, y','1'\n'it''s','2'\n", {"a": ["x, y", "it's"], "b": [1, 2]}),
    table("single quotes around texts alone", "a,b\n'x, y',1\n'z',2\n", {"a": ["x, y", "z"], "b": [1, 2]}),
    table(
        "apostrophes are letters",
        "a,b\n'tis,1\nO'Neil,2\nrock 'n' roll,3\n",
        {"a": ["'tis", "O'Neil", "rock 'n' roll"], "b": [1, 2, 3]},
    ),
    table("an apostrophe before digits stays", "a,b\n'007,1\n'010,2\n", {"a": ["'007", "'010"], "b": [1, 2]}),
    table(
        "cells that Excel keeps as text by a formula", 'id,n\n="007",1\n="010",2\n', {"id": ["007", "010"], "n": [1, 2]}
    ),
    table(
        "formulas stay texts",
        'a,b\n=1+1,1\n"=HYPERLINK(""http://x"",""y"")",2\n',
        {"a": ["=1+1", '=HYPERLINK("http://x","y")'], "b": [1, 2]},
    ),
    table("mixed line ends", "a,b\r\n1,x\n2,y\r3,z\n", {"a": [1, 2, 3], "b": ["x", "y", "z"]}),
    table("doubled carriage returns", "a,b\r\r\n1,x\r\r\n2,y\r\r\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("a carriage return inside quotes", 'a,b\n"x\ry",1\nz,2\n', {"a": ["x\ry", "z"], "b": [1, 2]}),
    table("no line end at the end", "a,b\n1,x\n2,", {"a": [1, 2], "b": ["x", None]}),
    table("the end mark of old systems", "a,b\n1,x\n2,y\n\x1a", {"a": [1, 2], "b": ["x", "y"]}),
    table("lines of blanks", "a,b\n1,x\n   \n2,y\n\t\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("rows that end with a separator", "a,b\n1,x,\n2,y,\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("all rows end with two separators", "a;b;;\n1;x;;\n2;y;;\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("rows that begin with a separator", ",a,b\n,1,x\n,2,y\n", {"a": [1, 2], "b": ["x", "y"]}),
    table("a row index of pandas", ",a,b\n0,1,x\n1,2,y\n", {"column_1": [0, 1], "a": [1, 2], "b": ["x", "y"]}),
    refused(
        "a quote that is never closed",
        'a,b\n1,x\n2,"y\n3,z\n',
        "The quotation mark that opens in line 3 is never closed. Close or remove it.",
    ),
    refused(
        "a quote never closed in the header",
        '"a,b\n1,2\n3,4\n',
        "The quotation mark that opens in line 1 is never closed. Close or remove it.",
    ),
    refused(
        "a quote never closed in the only row",
        'a,b\n"1,x\n',
        "The quotation mark that opens in line 2 is never closed. Close or remove it.",
    ),
]
