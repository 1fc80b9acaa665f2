"""
@article{Sorzano2022,
  title = {Image processing tools for the validation of CryoEM maps},
  author = {Sorzano, C. O. S. and Vilas, J. L. and Ramírez-Aportela, E. and others},
  journal = {Faraday Discussions},
  volume = {240},
  pages = {210--227},
  year = {2022},
  doi = {10.1039/D2FD00059H},
}

@article{delaRosaTrevin2016,
  title = {Scipion: A software framework toward integration, reproducibility and validation in 3D electron microscopy},
  author = {de la Rosa-Trevín, J. M. and Quintana, A. and others},
  journal = {Journal of Structural Biology},
  volume = {195},
  number = {1},
  pages = {93--99},
  year = {2016},
  doi = {10.1016/j.jsb.2016.04.001},
}

@article{RosenthalHenderson2003,
  title = {Optimal determination of particle orientation, absolute hand, and contrast loss in single-particle electron cryomicroscopy},
  author = {Rosenthal, Peter B. and Henderson, Richard},
  journal = {Journal of Molecular Biology},
  volume = {333},
  number = {4},
  pages = {721--745},
  year = {2003},
  doi = {10.1016/j.jmb.2003.07.013},
}

@article{Kaur2021,
  title = {Local computational methods to improve the interpretability and analysis of cryo-EM maps},
  author = {Kaur, Satinder and Gomez-Blanco, Josue and Khalifa, Ahmad A. Z. and Adinarayanan, Swathi and Sanchez-Garcia, Ruben and Wrapp, Daniel and McLellan, Jason S. and Bui, Khanh Huy and Vargas, Javier},
  journal = {Nature Communications},
  volume = {12},
  pages = {1240},
  year = {2021},
  doi = {10.1038/s41467-021-21509-5},
}

@article{RamirezAportela2019,
  title = {DeepRes: a new deep-learning- and aspect-based local resolution method for electron-microscopy maps},
  author = {Ramírez-Aportela, Erney and Mota, Javier and Conesa, Pablo and Carazo, Jose Maria and Sorzano, Carlos Oscar S.},
  journal = {IUCrJ},
  volume = {6},
  number = {6},
  pages = {1054--1063},
  year = {2019},
  doi = {10.1107/S2052252519011692},
}

@article{GarciaCondado2022,
  title = {Automatic determination of the handedness of single-particle maps of macromolecules solved by CryoEM},
  author = {García Condado, J. and Muñoz-Barrutia, A. and Sorzano, C. O. S.},
  journal = {Journal of Structural Biology},
  volume = {214},
  number = {4},
  pages = {107915},
  year = {2022},
  doi = {10.1016/j.jsb.2022.107915},
}

@article{Geyer1992,
  title = {Practical Markov Chain Monte Carlo},
  author = {Geyer, Charles J.},
  journal = {Statistical Science},
  volume = {7},
  number = {4},
  pages = {473--483},
  year = {1992},
  doi = {10.1214/ss/1177011137},
}

@article{Cheng2015,
  title = {MRC2014: Extensions to the MRC format header for electron cryo-microscopy and tomography},
  author = {Cheng, Anchi and Henderson, Richard and Mastronarde, David and Ludtke, Steven J. and Schoenmakers, Remco H. M. and Short, Judith and Marabini, Roberto and Dallakyan, Sargis and Agard, David and Winn, Martyn},
  journal = {Journal of Structural Biology},
  volume = {192},
  number = {2},
  pages = {146--150},
  year = {2015},
  doi = {10.1016/j.jsb.2015.04.002},
}
"""
